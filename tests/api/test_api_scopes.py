"""Every endpoint with every token: who may, who may not, and that a refused order leaves no event."""

import pytest

from tests.api.counter import SCOPES, SECRETS, Counter
from tests.whole.lab import until

ORDER = {"action": "pin", "ip": "192.0.2.14", "reason": "scopes"}
SUSPEND = {"action": "watch", "mailbox": "scopes@example.net", "reason": "scopes"}
REPORT = b"From: fbl@example.org\nSubject: scopes\n\nnothing\n"
ENDPOINTS = (
    ("GET", "/v1/pools", "read", 200),
    ("GET", "/v1/pools/main/history", "read", 200),
    ("GET", "/v1/ips/192.0.2.11/history", "read", 200),
    ("GET", "/v1/mailboxes", "read", 200),
    ("GET", "/v1/mailboxes/nobody@example.net", "read", 404),
    ("GET", "/v1/cases", "read", 200),
    ("GET", "/v1/delistings", "read", 200),
    ("GET", "/v1/decisions", "read", 200),
    ("GET", "/v1/events", "read", 200),
    ("POST", "/v1/pools/orders", "order", 202),
    ("POST", "/v1/mailboxes/orders", "order", 202),
    ("POST", "/v1/complaints", "complaints", 202),
)


def _status(counter: Counter, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
    with counter.client("") as client:
        if path == "/v1/complaints":
            request = client.build_request(
                method, path, content=REPORT, headers={"Content-Type": "message/rfc822", **headers}
            )
        elif method == "POST":
            request = client.build_request(method, path, json=ORDER if "pools" in path else SUSPEND, headers=headers)
        else:
            request = client.build_request(method, path, headers=headers)
        response = client.send(request, stream=True)
        kind = response.headers["Content-Type"]
        response.close()
        return response.status_code, kind


def test_the_table_has_every_endpoint(counter: Counter) -> None:
    document = counter.get("/v1/openapi.json", "").json()
    there = {
        (method.upper(), path, scope)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        for scope in [*(scope for need in operation.get("security", []) for scope in need["HTTPBearer"]), ""][:1]
    }
    concrete = {"/v1/pools/{pool}/history", "/v1/ips/{ip}/history", "/v1/mailboxes/{mailbox}"}
    assert {path for _, path, _ in there} - concrete - {path for _, path, _, _ in ENDPOINTS} == {"/healthz", "/ready"}
    assert {(method, path, scope) for method, path, scope, _ in ENDPOINTS if (method, path, scope) not in there} == {
        ("GET", "/v1/pools/main/history", "read"),
        ("GET", "/v1/ips/192.0.2.11/history", "read"),
        ("GET", "/v1/mailboxes/nobody@example.net", "read"),
    }
    assert {scope for _, path, scope in there if path in concrete} == {"read"}


@pytest.mark.parametrize("name", ["viewer", "panel", "mailer", "busy"])
@pytest.mark.parametrize(("method", "path", "scope", "status"), ENDPOINTS)
def test_a_token_does_what_its_scopes_say_and_no_more(  # noqa: PLR0913, PLR0917 a row of the table
    counter: Counter, name: str, method: str, path: str, scope: str, status: int
) -> None:
    given = _status(counter, method, path, {"Authorization": f"Bearer {SECRETS[name]}"})
    if scope in SCOPES[name]:
        assert given[0] == status
    else:
        assert given == (403, "application/problem+json")


@pytest.mark.parametrize(("method", "path", "scope", "status"), ENDPOINTS)
def test_without_a_right_token_nothing_is_told_or_done(
    counter: Counter, method: str, path: str, scope: str, status: int
) -> None:
    right = SECRETS["busy"]
    for given in ("", "Bearer", f"Bearer {right}x", f"Basic {right}"):
        answer = _status(counter, method, path, {"Authorization": given} if given else {})
        assert answer[0] in {401, 429}, (scope, status)
        assert answer[1] == "application/problem+json"


def test_a_viewers_orders_leave_nothing(counter: Counter) -> None:
    for path, body in (("/v1/pools/orders", ORDER), ("/v1/mailboxes/orders", SUSPEND)):
        refused = counter.post(path, body | {"reason": "by a viewer"}, "viewer")
        assert refused.status_code == 403
        assert refused.json()["detail"] == "the token viewer has no scope order; it has read"
    done = counter.post("/v1/pools/orders", ORDER | {"reason": "the last of them"})
    counter_rows = "SELECT countIf(reason = 'by a viewer'), countIf(reason = 'the last of them') FROM pool_observations"
    assert done.status_code == 202
    until(lambda: counter.rows(counter_rows) == [(0, 1)], 30, "the last order alone")


def test_what_needs_no_token_answers_without(counter: Counter) -> None:
    assert counter.get("/healthz", "").json() == {"works": True}
    assert counter.get("/ready", "").json() == {"ready": True, "waits_for": {}}
    assert counter.get("/v1/openapi.json", "").status_code == 200


def test_secrets_are_in_no_log_and_each_call_is(counter: Counter) -> None:
    counter.get("/v1/pools?who=asked", "viewer")
    log = counter.log("api")
    assert "read: GET /v1/pools by viewer: 422" in log
    assert "order: POST /v1/pools/orders by viewer: 403" in log
    assert not [secret for secret in SECRETS.values() if secret in log]
