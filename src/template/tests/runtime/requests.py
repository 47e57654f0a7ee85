"""What the generated client uses of `requests`, over the standard library."""

import json as _json
import socket
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

asked = []
# What part of its timeouts a call waits.
patience = 1


class RequestException(Exception):
    pass


class Response:
    def __init__(self, status_code, headers, text):
        self.status_code, self.headers, self._text = status_code, headers, text

    def json(self):
        return _json.loads(self._text)


class Session:
    def request(self, method, url, headers, json, timeout, allow_redirects):
        assert not allow_redirects
        parts = urlsplit(url)
        asked.append(f"{method} {parts.path}")
        connection = HTTPConnection(parts.hostname, parts.port, timeout=timeout[1] * patience)
        body = None if json is None else _json.dumps(json)
        try:
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target, body, {**headers, "Content-Type": "application/json"})
            answer = connection.getresponse()
            return Response(answer.status, answer.headers, answer.read().decode())
        except (OSError, HTTPException, socket.timeout) as error:
            raise RequestException(str(error)) from error
        finally:
            connection.close()
