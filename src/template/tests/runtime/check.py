"""Drives the generated modules against a sandbox and prints what became of it. Waits are noted and cut short."""

import importlib
import json
import logging
import math
import os
import shutil
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import requests

base, policy = sys.argv[1:]
logged = []


class Keep(logging.Handler):
    def emit(self, record):
        logged.append(record.getMessage())


logging.getLogger().addHandler(Keep())
logging.getLogger().setLevel(logging.ERROR)
waits = []
time.sleep = waits.append
clock = time.monotonic
shift = [0.0]
time.monotonic = lambda: clock() + shift[0]
copies = [0]


class App:
    """The modules as a new process has them."""

    def __init__(self, folder):
        copies[0] += 1
        name = f"{folder}_{copies[0]}"
        shutil.copytree(folder, name)
        importlib.invalidate_caches()
        for module in ("client", "customer", "balance", "usage", "portal"):
            loaded = importlib.import_module(f"{name}.{module}")
            for key, value in vars(loaded).items():
                setattr(self, key, value)
        # A call in vain is known by the time that it took.
        importlib.import_module(f"{name}.client").SLOW_S = 0.05

    def user(self, id):
        return self.BillingUser(id)


def http(method, path, body=None):
    headers = {"X-CREDYT-API-KEY": "key_test_sandbox"}
    answer = requests.Session().request(method, base + path, headers, body, (60, 60), False)
    requests.asked.pop()
    return None if answer.status_code == 204 else answer.json()


def behave(**change):
    http("POST", "/_sandbox/behaviour", change)


def events():
    return http("GET", "/_sandbox/state")["events"]


def fund(id, amount):
    body = {"transaction_id": str(uuid.uuid4()), "amount": amount, "asset": "USD", "reason": "gift"}
    http("POST", f"/customers/{id}/wallet/adjustments", body)


def threw(work, *args):
    try:
        work(*args)
    except Exception as error:
        return type(error).__name__
    return None


def hints():
    return [line for line in logged if "fault of the setup" in line]


result = {}

app = App("good")
result["nobody"] = []
for id in ["", " ", "undefined", "null", "nan", "None", None, math.nan]:
    user = app.user(id)
    check = app.check_balance(user, 0.01)
    app.record_usage(user_id=id, event_type="image_generated", data={"images": 1})
    result["nobody"].append(
        [
            threw(app.ensure_customer, user),
            app.register_customer(user),
            threw(app.create_portal_url, user, "http://localhost"),
            threw(app.get_balance, user),
            check.ok or check.status,
            check.ok or app.insufficient_balance(check)["code"],
        ]
    )
result["nobodyAsked"] = requests.asked[:]
result["nobodyHints"] = len(hints())
requests.asked.clear()
logged.clear()
try:
    app.require_id("None")
except app.SetupError as error:
    result["place"] = "check.py:" in str(error)

app = App("good")


def send(data):
    app.record_usage(user_id="ada", event_type="completion_finished", data=data)


send({"total_tokens": 0, "model": "m"})
send({"total_tokens": None})
send({"total_tokens": math.nan, "input_tokens": 0})
send({"model": "m"})
result["nothing"] = events()
result["nothingLogged"] = len(logged)
logged.clear()
send({"input_tokens": 5, "output_tokens": None, "estimated": True})
result["something"] = [event["data"] for event in reversed(events())]
result["somethingLogged"] = len(logged)
logged.clear()

app = App("good")
before = len(events())


def clip(**more):
    app.record_usage(user_id="ada", event_type="clip", data={"clips": 1}, **more)


for repeated in ("accept", "409", "422"):
    behave(repeated_event=repeated)
    clip(event_id="clips:7:1700000000000:clip")
clip(event_id="00000000-0000-4000-8000-000000000000")
result["job"] = [event["id"] for event in events()[:-before]]
for repeated in ("409", "422"):
    behave(repeated_event=repeated, lost_events=1)
    clip()
result["repeated"] = len(events()) - before
result["repeatedLogged"] = logged[:]
logged.clear()
behave(repeated_event="accept", lost_events=0, rate_limited=2, retry_after=42)
waits.clear()
clip()
result["limited"] = [len(events()) - before, *waits]
result["limitedLogged"] = logged[:]
logged.clear()

app = App("good")
customer = app.ensure_customer(app.user("grace")).id
fund(customer, 0.16)


def many():
    with ThreadPoolExecutor(20) as pool:
        return list(pool.map(lambda _: app.check_balance(app.user("grace"), 0.05), range(20)))


checks = many()
result["parallel"] = sum(check.ok for check in checks)
refused = next(check for check in checks if not check.ok)
result["refused"] = [refused.status, app.insufficient_balance(refused)["code"], refused.available]
for _ in range(3):
    app.record_usage(user_id="grace", event_type="image_generated", data={"images": 1})
result["spent"] = sum(check.ok for check in many())
fund(customer, 0.05)
result["again"] = sum(check.ok for check in many())
shift[0] += 61
result["later"] = sum(check.ok for check in many())

app = App("good")
fund(app.ensure_customer(app.user("alan")).id, 5)
behave(outage="hang")
requests.patience = 0.05
requests.asked.clear()
checks = [app.check_balance(app.user("alan"), 0.01) for _ in range(3)]
result["hanging"] = [
    [check.ok or [check.status, check.code, getattr(check, "headers", None)] for check in checks],
    len(requests.asked),
]
started = clock()
app.record_usage(user_id="alan", event_type="late", data={"n": 1})
result["recordWaited"] = clock() - started > 2
requests.patience = 1
behave(outage="none")
shift[0] += 6
result["back"] = app.check_balance(app.user("alan"), 0.01).ok
result["backAgain"] = app.check_balance(app.user("alan"), 99).status
time.sleep = lambda _: None
logged.clear()

app = App("bad")
checks = [app.check_balance(app.user(id), 0.01) for id in ("eve", "mallory")]
result["unknownProduct"] = [[check.ok, check.status, check.code] for check in checks]
result["unknownProductHints"] = hints()
app = App("good")
os.environ["CREDYT_API_KEY"] = "nonsense"
result["badKey"] = app.check_balance(app.user("ada"), 0.01).code
del os.environ["CREDYT_API_KEY"]
result["noKey"] = app.check_balance(app.user("ada"), 0.01).code
print(json.dumps({"policy": policy, **result}))
sys.stdout.flush()
os._exit(0)
