"""The official Python SDK against the sandbox: every call that an integration makes, and how it fails.

Usage: sdk.py BASE_URL
"""

import sys
import uuid
from datetime import datetime, timezone
from decimal import Decimal

from corehttp.credentials import ServiceKeyCredential
from corehttp.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from corehttp.rest import HttpRequest
from credytapi import CredytApiClient

base = sys.argv[1]


def connect(key: str = "key_test_sandbox") -> CredytApiClient:
    return CredytApiClient(
        credential=ServiceKeyCredential(key=key),
        endpoint=base,
        connection_timeout=5,
        read_timeout=10,
    )


def switch(client: CredytApiClient, **switches: object) -> None:
    """Changes how the sandbox behaves where the service leaves it open."""
    request = HttpRequest("POST", "/_sandbox/behaviour", json=switches)
    client.send_request(request).raise_for_status()


def refused(kind: type[Exception], call, *arguments, **keywords) -> Exception:
    try:
        call(*arguments, **keywords)
    except kind as error:
        return error
    raise AssertionError(f"{call} was expected to fail with {kind.__name__}")


def event(event_type: str, **more: object) -> dict:
    now = datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")
    return {"id": str(uuid.uuid4()), "event_type": event_type, "occurred_at": now, **more}


client = connect()
wallets = client.wallets.customer_wallet_ops
user = f"user_{uuid.uuid4().hex[:8]}"
new = {
    "name": "Ada",
    "external_id": user,
    "email": "ada@example.com",
    "subscriptions": [{"products": [{"code": "default_plan"}]}],
}

assert client.accounts.get_context().environment == "test"
refused(ClientAuthenticationError, connect("nonsense").accounts.get_context)

# A customer, and the same one again: refused in either way, and found by a redirect that the SDK does not follow.
customer = client.customers.create(new)
assert customer["subscriptions"][0]["status"] == "active"
duplicate = refused(HttpResponseError, client.customers.create, new)
assert duplicate.status_code == 422 and "external_id" in duplicate.model["errors"]
switch(client, duplicate_customer="409")
refused(ResourceExistsError, client.customers.create, new)
switch(client, duplicate_customer="422")
for location in ("relative", "absolute"):
    switch(client, location=location)
    found = refused(HttpResponseError, client.customers.list, external_id=user)
    assert found.status_code == 303
    assert found.response.headers["Location"].endswith(f"/customers/{customer.id}")
switch(client, location="relative")
refused(ResourceNotFoundError, client.customers.list, external_id="nobody")
assert client.customers.get(customer.id)["external_id"] == user

# Credit, once per transaction id; then usage, once per event id, with its fee, its cost and the balance to the last digit.
gift = {"transaction_id": str(uuid.uuid4()), "asset": "USD", "amount": 5, "reason": "gift"}
wallets.create_adjustment(customer.id, gift)
wallets.create_adjustment(customer.id, gift)
assert wallets.get_account(customer.id, "default:USD").available == Decimal(5)
used = event(
    "completion_finished",
    data={"total_tokens": 1840},
    costs=[{"id": "c1", "vendor_external_id": "openai", "amount": 0.0042, "currency": "USD"}],
)
for _ in range(2):
    client.events.send_usage({"customer_external_id": user, "events": [used]})
assert wallets.get_account(customer.id, "default:USD").available == Decimal("4.9816")
shown = client.events.get(used["id"])
assert [fee["amount"] for fee in shown["fees"]] == [0.0184]
assert shown["stats"]["margin"] == 77.17
assert client.events.list(customer_id=customer.id)["total_count"] == 1
unmatched = event("page_viewed")
client.events.send_usage({"customer_id": customer.id, "events": [unmatched]})
assert client.events.get(unmatched["id"])["fees"] == []
wrong = refused(HttpResponseError, client.events.send_usage, {"events": [event("image_generated")]})
assert wrong.status_code == 422 and "customer_id" in wrong.model["errors"]

# An ad-hoc charge, the grants, the portal, a top-up.
wallets.create_charge(
    customer.id, {"transaction_id": str(uuid.uuid4()), "asset": "USD", "amount": 2.75}
)
assert wallets.get_account(customer.id, "default:USD").available == Decimal("2.2316")
assert wallets.get_transaction(customer.id, gift["transaction_id"])["type"] == "adjustment"
grants = wallets.get_credit_grants(customer.id, "default:USD")
assert [grant["purpose"] for grant in grants["items"]] == ["promotion"]
addresses = {"return_url": "https://app.example.com/", "failure_url": "https://app.example.com/failed"}
session = client.billing_portal.create_portal_session({"customer_id": customer.id, **addresses})
assert session.redirect_url.startswith(f"{base}/portal?token=")
top_up = client.top_ups.initiate({"customer_id": customer.id, "amount": 20, "currency": "USD", **addresses})
assert client.top_ups.get(top_up.id)["status"] == "initiated"

# A plan with a fee waits for its payment; webhooks, vendors and products answer what the SDK expects.
plan = {"products": [{"code": "pro_monthly"}], **addresses}
waiting = client.customers.create({"name": "Bo", "subscriptions": [plan]})["subscriptions"][0]
assert waiting["status"] == "action_required"
assert waiting["required_actions"][0]["type"] == "payment"
hook = client.webhooks.webhooks.create_webhook_destination({"url": "http://127.0.0.1:9/"})
assert hook.secret.startswith("whsec_")
client.webhooks.webhooks.delete_webhook_destination(hook.id)
assert client.vendors.vendors_ops.list_vendors(limit=100)["total_count"] >= 8
assert client.products.list(limit=100)["total_count"] >= 4

# The SDK repeats a call that was answered 503 or 429, and the event is still charged once.
switch(client, rate_limited=1, retry_after=0)
assert client.accounts.get_context().environment == "test"
print("ok")
