"""What is read: as the commands show it, with its document, and whatever a stranger writes into a path."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from openapi_spec_validator import validate

from schemas.events import EVENT_TYPES
from schemas.mailbox_events import CaseOpened, MailboxReleased
from streams import case_files, operating
from streams.api import shapes
from streams.api.gate import Pace
from streams.api.reading import microseconds
from streams.api.told import KINDS, TYPES
from tests.api.counter import NOW, TIGHT, Counter, restored
from tests.whole.lab import TRANSPORTS, until

if TYPE_CHECKING:
    from pydantic import BaseModel

HOSTILE = (
    *("'", "%27%20OR%201%3D1--", "%22", "a%2Fb", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "%00", "%ff%fe", "%25s%25n", "{x}"),
    *("%F0%9F%92%A9", "%0d%0aX-Evil:%201", "x" * 900, "a%20b", "%3Cscript%3E", "%7B%7D", "%(ip)s", "\\"),
)


ORDER = {"action": "pin", "ip": "192.0.2.12", "reason": "a drill"}


def test_the_pools_are_those_of_the_command(counter: Counter) -> None:
    rows = counter.get("/v1/pools").json()
    assert [row["ip"] for row in rows] == [*TRANSPORTS.values(), *TIGHT.values()]
    assert rows[0] == {
        "pool": "main",
        "mode": "live",
        "ip": "192.0.2.11",
        "state": "active",
        "share": 1.0,
        "withdrawals": 0,
        **dict.fromkeys(("since", "until", "not_to", "listed_by", "order", "known_at"), ""),
    }


def test_histories_tell_of_one_pool_and_of_one_ip(counter: Counter) -> None:
    counter.publish([restored(1, "history")])
    until(lambda: counter.value("SELECT count() FROM pool_events WHERE id = 'history-0001'") == 1, 30, "it is stored")
    of_pool, of_ip = (counter.get(f"/v1/{path}/history").json() for path in ("pools/main", "ips/192.0.2.11"))
    (row,) = [row for row in of_pool if row["time"] == "2026-09-21 14:13:21 UTC" and row["decision"] == "ip_restored"][
        :1
    ]
    assert (row["pool"], row["ip"], row in of_ip) == ("main", "192.0.2.11", True)
    assert counter.get("/v1/ips/::ffff:192.0.2.11/history").json() == of_ip
    assert counter.get("/v1/ips/192.0.2.14/history").json() == []
    missing = counter.get("/v1/pools/other/history")
    assert (missing.status_code, missing.json()["detail"]) == (404, "pool: no such pool; there are main, tight")


def test_decisions_come_page_by_page_each_once(counter: Counter) -> None:
    mailbox = MailboxReleased(id="page-m", at=NOW + 5_500_000, mailbox="p@example.net", score=0.0, operator="ada")
    case = CaseOpened(id="page-c", at=NOW + 6_500_000, case="page", customer="x", mailboxes=("p@example.net",))
    counter.publish([*(restored(number, "page") for number in range(10)), mailbox, case])
    stored = (
        "SELECT (SELECT count() FROM pool_events WHERE id LIKE 'page%')"
        " + (SELECT countIf(id = 'page-c') FROM case_events)"
        " + (SELECT countIf(id = 'page-m') FROM mailbox_events)"
    )
    until(lambda: counter.value(stored) >= 12, 30, "they are stored")
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        page = counter.get("/v1/decisions", params={"since": "2026-09-21T14:13:20Z", "limit": 5, "after": after}).json()
        found += page["decisions"]
        if not page["decisions"]:
            break
        assert len(page["decisions"]) <= 5
        after = page["next"]
    ids = [each["id"] for each in found]
    assert len(ids) == len(set(ids))
    assert [each for each in ids if each.startswith("page-")] == [
        *(f"page-{number:04d}" for number in range(6)),
        *("page-m", "page-0006", "page-c", "page-0007", "page-0008", "page-0009"),
    ]
    only = counter.get("/v1/decisions", params={"type": ["case_opened", "mailbox_released"], "limit": 1000}).json()
    assert {each["type"] for each in only["decisions"]} <= {"case_opened", "mailbox_released"}
    later = counter.get("/v1/decisions", params={"since": "2026-09-21T14:13:29+00:00", "type": "ip_restored"}).json()
    assert "page-0009" in [each["id"] for each in later["decisions"]]
    assert "page-0008" not in [each["id"] for each in later["decisions"]]
    between = {"since": "2026-09-21T14:13:22Z", "until": "2026-09-21T16:13:24+02:00", "type": "ip_restored"}
    ids = [each["id"] for each in counter.get("/v1/decisions", params=between).json()["decisions"]]
    assert [each for each in ids if each.startswith("page-")] == ["page-0002", "page-0003"]
    ages = {"since": "0001-01-01T00:00:00+14:00", "until": "9999-12-31T23:59:59-14:00", "limit": 1}
    assert counter.get("/v1/decisions", params=ages).status_code == 200


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=yesterday", "since"),
        ("since=2026-09-21T14:13:20", "since"),
        ("until=2026-09-21T14:13:20", "until"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("type=drop", "type.0"),
        ("after='", "after"),
        ("more=1", "more"),
    ],
)
def test_a_wrong_parameter_is_named(counter: Counter, query: str, field: str) -> None:
    answer = counter.get(f"/v1/decisions?{query}")
    assert (answer.status_code, [wrong["field"] for wrong in answer.json()["errors"]]) == (422, [field])


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_harmless(counter: Counter, name: str) -> None:
    before = counter.value("SELECT count() FROM system.tables WHERE database = currentDatabase()")
    for path in (
        f"/v1/pools/{name}/history",
        f"/v1/ips/{name}/history",
        f"/v1/mailboxes/{name}",
        f"/v1/mailboxes?customer={name}",
    ):
        answer = counter.get(path)
        assert answer.status_code in {200, 404, 422}, (path, answer.text)
        assert answer.status_code == 200 or answer.headers["Content-Type"] == "application/problem+json"
        assert "X-Evil" not in answer.headers
        assert answer.status_code != 200 or answer.json() == []
    assert counter.value("SELECT count() FROM system.tables WHERE database = currentDatabase()") == before


def test_each_call_is_one_line_of_the_log_whatever_its_path(counter: Counter) -> None:
    counter.get("/v1/ips/%0a2026-01-01 INFO relaywarden.api: order: forged/history")
    counter.get("/v1/pools?a%0a2026-01-01 INFO forged=1")
    counter.get("/v1/pools?a%e2%80%a82026-01-01 INFO forged=%c2%85")
    counter.post("/v1/pools/orders", ORDER | {"ip": "fe80::1%\n2026-01-01 INFO forged"})
    log = counter.log("api")
    assert not [line for line in log.splitlines() if line.startswith("2026-01-01")]
    assert "422 (there is no parameter a\\u000a2026-01-01 INFO forged)" in log


def test_a_token_that_comes_too_often_is_told_when_to_come_again(counter: Counter) -> None:
    answers = [counter.get("/v1/cases", "hasty") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 21
    assert counter.get("/v1/cases").status_code == 200, "others are not kept waiting"


def test_a_pace_lets_so_many_a_minute_through() -> None:
    pace = Pace(3)
    assert [pace.wait(100.0) for _ in range(3)] == [0, 0, 0]
    assert pace.wait(100.0) == pytest.approx(20.0)
    assert pace.wait(120.0) == 0
    assert pace.wait(121.0) == pytest.approx(19.0)
    assert [pace.wait(500.0) for _ in range(3)] == [0, 0, 0]


def test_wrong_tokens_are_slowed_down(counter: Counter) -> None:
    with counter.client("") as client:
        answers = [client.get("/v1/pools", headers={"Authorization": "Bearer no"}) for _ in range(40)]
    assert {answer.status_code for answer in answers} <= {401, 429}
    assert answers[-1].status_code == 429
    assert counter.get("/v1/pools").status_code == 200, "a right token from there is let in"


def test_the_document_is_valid_and_names_what_there_is(counter: Counter) -> None:
    document = counter.get("/v1/openapi.json", "").json()
    validate(document)
    assert document["openapi"] == "3.1.0"
    assert [each["$ref"].rpartition("/")[2] for each in document["components"]["schemas"]["Decision"]["oneOf"]] == [
        kind.__name__ for kind in KINDS
    ]
    assert set(TYPES) == {str(kind.__struct_config__.tag) for kind in KINDS}
    assert set(KINDS) <= set(EVENT_TYPES)


def test_no_shape_leaves_out_what_a_row_tells(counter: Counter) -> None:
    answers: dict[str, type[BaseModel]] = {
        "/v1/pools": shapes.PoolIp,
        "/v1/pools/main/history": shapes.PoolDecision,
        "/v1/cases?closed=true": shapes.Case,
    }
    counter.publish([CaseOpened(id="shape", at=NOW, case="shape", customer="x", mailboxes=("p@example.net",))])
    until(lambda: bool(counter.get("/v1/cases").json()), 30, "a case")
    for path, shape in answers.items():
        assert set(counter.get(path).json()[0]) == set(shape.model_fields)
    with counter.clickhouse.connect(counter.settings.clickhouse.database) as client:
        assert set(operating.rows(client, counter.settings)[0]) == set(shapes.PoolIp.model_fields)
        assert set(operating.history(client, "")[0]) == set(shapes.PoolDecision.model_fields)
        assert set(case_files.listed(client, closed=True)[0]) == set(shapes.Case.model_fields)


def test_paths_that_there_are_not_are_problems_too(counter: Counter) -> None:
    for method, path, status in (("GET", "/v2/pools", 404), ("DELETE", "/v1/pools", 405), ("GET", "/docs", 404)):
        with counter.client() as client:
            answer = client.request(method, path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
        assert msgspec.json.decode(answer.content)["status"] == status


def test_moments_are_exact_to_the_microsecond() -> None:
    for at in (1_790_000_000_123_457, 1_790_000_000_999_999, 3, -1):
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
        assert microseconds(moment.astimezone(timezone(timedelta(hours=5.5)))) == at


def test_head_is_get_without_its_body(counter: Counter) -> None:
    with counter.client() as client:
        for path in ("/v1/pools", "/v1/openapi.json", "/healthz", "/v1/pools/other/history"):
            head, got = client.head(path), client.get(path)
            assert (head.status_code, head.content) == (got.status_code, b"")
            assert head.headers["Content-Length"] == got.headers["Content-Length"]
            assert (got.headers["Cache-Control"], got.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
        refused = client.head("/v1/events")
        assert (refused.status_code, refused.headers["Allow"]) == (405, "GET")
        assert client.delete("/v1/pools").headers["Allow"] == "GET"


def test_no_answer_tells_whose_server_it_is(counter: Counter) -> None:
    assert not re.search("uvicorn|starlette|fastapi", str(counter.get("/v1/pools").headers).lower())
