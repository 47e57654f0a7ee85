"""Runs the handlers of the integrated tutor side by side, in tasks and in threads, with everything outside of the app made
up, and prints whom each request to the provider was recorded for: ``[["who asked", "who pays"], …]``.
"""

import asyncio
import json
import random
import sys
import time
import types
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, ".")
pairs = []


def module(name, **members):
    made = types.ModuleType(name)
    made.__dict__.update(members)
    sys.modules[name] = made


class App:
    def __init__(self, **_):
        pass

    def post(self, *_, **__):
        return lambda function: function


class Responses:
    def create(self, input, **_):
        time.sleep(random.random() / 100)
        usage = types.SimpleNamespace(input_tokens=1, output_tokens=1, total_tokens=2)
        return types.SimpleNamespace(usage=usage, output_text=f"{input}\nyes")


def record_usage(user_id, event_type, data):
    frame = sys._getframe(1)
    pairs.append([frame.f_locals["text"].split()[-1], str(user_id)])


class User:
    def __init__(self, id):
        self.id, self.email, self.name = id, "", ""


nothing = types.SimpleNamespace
module("openai", OpenAI=lambda: nothing(responses=Responses()))
module("fastapi", FastAPI=App, Depends=lambda *_: None, HTTPException=Exception)
module("fastapi.security", OAuth2PasswordRequestForm=object)
module("sqlmodel", Session=object)
module(
    "tutor.auth",
    User=User,
    check_password=None,
    create_user=None,
    current_user=None,
    get_session=None,
    token_for=None,
)
module("tutor.credyt.usage", record_usage=record_usage)
module("tutor.credyt.customer", BillingUser=lambda **_: None, register_customer=None)
module(
    "tutor.credyt.balance",
    check_balance=lambda *_: nothing(ok=True),
    insufficient_balance=None,
)

from tutor import main  # noqa: E402


async def run():
    threads = ThreadPoolExecutor(8)
    loop = asyncio.get_running_loop()
    visits = []
    for n in range(120):
        user = User(n % 30)
        topic = f"rivers for {user.id}"
        if n % 2:
            visits.append(main.quiz(topic, 3, user))
        else:
            # As the framework runs a plain function: in a thread, with a context of its own.
            visits.append(loop.run_in_executor(threads, main.explain, topic, "beginner", user))
    await asyncio.gather(*visits)


asyncio.run(run())
print(json.dumps(pairs))
