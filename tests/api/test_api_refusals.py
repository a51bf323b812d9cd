"""Each endpoint with each thing that it refuses: the status, a problem document, and that OpenAPI tells of it."""

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from tests.api.counter import SECRETS, Counter
from tests.api.test_api_scopes import ENDPOINTS

GETS = [path for method, path, _, _ in ENDPOINTS if method == "GET"]
ORDERS = ["/v1/pools/orders", "/v1/mailboxes/orders"]
POSTS = [*ORDERS, "/v1/complaints"]
TEMPLATES = {
    "/v1/pools/main/history": "/v1/pools/{pool}/history",
    "/v1/ips/192.0.2.11/history": "/v1/ips/{ip}/history",
    "/v1/mailboxes/nobody@example.net": "/v1/mailboxes/{mailbox}",
}
JSON, MAIL = {"Content-Type": "application/json"}, {"Content-Type": "message/rfc822"}
GOOD = {
    "/v1/pools/orders": b'{"action": "pin", "ip": "192.0.2.14", "reason": "refusals"}',
    "/v1/mailboxes/orders": b'{"action": "watch", "mailbox": "r@example.net", "reason": "refusals"}',
    "/v1/complaints": b"From: fbl@example.org\nSubject: refusals\n\nnothing\n",
}


class Asked(NamedTuple):
    """A request that is refused; `path` is as the document has it."""

    what: str
    method: str
    url: str
    status: int
    token: str = "everything"
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()


def _kind(path: str) -> dict[str, str]:
    return MAIL if path == "/v1/complaints" else JSON


def _everywhere() -> Iterator[Asked]:
    """Yield what each endpoint refuses, whatever it is for."""
    for method, path, scope, _ in ENDPOINTS:
        body, kind = GOOD.get(path), tuple(_kind(path).items()) if method == "POST" else ()
        lacking = next(
            name for name in ("mailer", "viewer") if scope != {"mailer": "complaints", "viewer": "read"}[name]
        )
        yield Asked("a token without the scope", method, path, 403, lacking, body, kind)
        yield Asked("two tokens", method, path, 400, "everything", body, (*kind, ("Authorization", "Bearer x")))
        yield Asked("a parameter that there is none of", method, f"{path}?more=1", 422, "everything", body, kind)
        framing = (*kind, ("Transfer-Encoding", "chunked"), ("Content-Length", "5"))
        yield Asked("two lengths", method, path, 400, "everything", b"", framing)


def _posted() -> Iterator[Asked]:
    for path in POSTS:
        kind = tuple(_kind(path).items())
        yield Asked("an empty body", "POST", path, 422, body=b"", headers=kind)
        yield Asked("another kind of body", "POST", path, 415, body=b"x", headers=(("Content-Type", "image/png"),))
        yield Asked("no kind of body", "POST", path, 415, body=b"x")
        most = 10 * 1024 * 1024 if path == "/v1/complaints" else 65_536
        yield Asked("too large", "POST", path, 413, body=b" " * (most + 1), headers=kind)
        for key in ("", "with blanks", "x" * 129):
            headers = (*kind, ("Idempotency-Key", key))
            yield Asked(f"the key {key[:12]!r}", "POST", path, 422, body=GOOD[path], headers=headers)
        twice = (*kind, ("Idempotency-Key", "a"), ("Idempotency-Key", "b"))
        yield Asked("two keys", "POST", path, 400, body=GOOD[path], headers=twice)
    for path in ORDERS:
        for body in (b"{", b"[]", b"null", b"1", b'{"action": 1}', b"\xff", b"1" * 6000, b"[" * 60_000, b"{}" * 9):
            yield Asked(f"the body {body[:14]!r}", "POST", path, 422, body=body, headers=tuple(JSON.items()))
        many = b"{" + b",".join(b'"%d":0' % number for number in range(6000)) + b"}"
        yield Asked("thousands of wrong fields", "POST", path, 422, body=many, headers=tuple(JSON.items()))


def _named() -> Iterator[Asked]:
    yield Asked("no such pool", "GET", "/v1/pools/other/history", 404)
    yield Asked("no such mailbox", "GET", "/v1/mailboxes/never@example.net", 404)
    yield Asked("no IP", "GET", "/v1/ips/192.0.2.300/history", 422)
    yield Asked("an IP with a zone", "GET", "/v1/ips/fe80::1%25eth0/history", 422)
    yield Asked("no step", "GET", "/v1/mailboxes?step=drop", 422)
    yield Asked("no limit", "GET", "/v1/decisions?limit=x", 422)
    yield Asked("no id", "GET", "/v1/events", 422, headers=(("Last-Event-ID", "x y"),))
    yield Asked("no beginning", "GET", "/v1/events?from=yesterday", 422)


def _template(url: str) -> str:
    path = url.partition("?")[0]
    for given, template in TEMPLATES.items():
        if path.split("/")[:3] == given.split("/")[:3] and path.count("/") == given.count("/"):
            return template if path not in ORDERS and path not in GETS[:1] else path
    return path


def _send(client: httpx.Client, asked: Asked) -> httpx.Response:
    headers = [("Authorization", f"Bearer {SECRETS[asked.token]}"), *asked.headers]
    request = client.build_request(asked.method, asked.url, content=asked.body)
    drop = {name.lower() for name, _ in headers} | {"content-length"} if len(headers) > 2 else set()
    kept = [(name, value) for name, value in request.headers.multi_items() if name not in drop]
    if asked.body is not None and "Transfer-Encoding" not in dict(headers):
        kept = [
            *((name, value) for name, value in kept if name != "content-length"),
            ("content-length", str(len(asked.body))),
        ]
    return client.send(
        httpx.Request(asked.method, request.url, headers=[*kept, *headers], content=asked.body), stream=True
    )


def test_each_refusal_is_a_problem_that_the_document_tells_of(counter: Counter) -> None:
    document: dict[str, Any] = counter.get("/v1/openapi.json", "").json()["paths"]
    wrong: list[tuple[Asked, object, str]] = []
    with counter.client("") as client:
        for asked in itertools.chain(_everywhere(), _posted(), _named()):
            response = _send(client, asked)
            if response.status_code == 200:
                response.close()
                wrong.append((asked, response.status_code, "is answered"))
                continue
            problem = response.json() if response.read() else {}
            documented = document[_template(asked.url)][asked.method.lower()]["responses"]
            told = (
                response.status_code,
                response.headers["Content-Type"],
                response.headers["Cache-Control"],
                problem.get("status"),
                bool(problem.get("detail")) and len(response.content) < 20_000,
                str(asked.status) in documented,
            )
            if told != (asked.status, "application/problem+json", "no-store", asked.status, True, True):
                wrong.append((asked._replace(body=(asked.body or b"")[:30]), told, problem.get("detail", "")[:200]))
    assert not wrong


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, _, _ in ENDPOINTS])
def test_each_answer_of_each_endpoint_is_documented(counter: Counter, method: str, path: str) -> None:
    responses = counter.get("/v1/openapi.json", "").json()["paths"][_template(path)][method.lower()]["responses"]
    least = {"400", "401", "403", "422", "429", "503"} | ({"408", "413", "415"} if method == "POST" else set())
    assert least <= set(responses)
    for status in least:
        assert list(responses[status]["content"]) == ["application/problem+json"]
    assert "Retry-After" in responses["429"]["headers"]
