"""Bounces by mail on the page of the complaints: the reasons, the newest ones, and strangers' texts as they are."""

import json
import time
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from embedded.clickhouse import PASSWORD_ENV, ClickHouseServer
from schemas import codec
from schemas.bounce_events import BounceReceived
from schemas.names import derived_id
from tests.command.shell import refusal, run
from tests.migrated import migrate
from tests.pages.conftest import Hall, Open
from tests.pages.scene import RUDE_REPLY

GIVEN: list[dict[str, object]] = [
    {"action": "failed", "reason": "user_unknown", "permanent": True, "sender": "alice@example.net", "confidence": 0.9},
    {"action": "failed", "reason": "user_unknown", "permanent": True, "doubt": "the log knows no mail"},
    {"action": "delayed", "reason": "mailbox_full", "reply": RUDE_REPLY},
    {"action": "delivered"},
]


@pytest.fixture(scope="module")
def post(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    """Give a database with four bounces of the last hour, each stored twice, as after a crash of the sink."""
    name = "pages_bounces"
    migrate(clickhouse.connect(), name)
    client, now = clickhouse.connect(name), time.time_ns() // 1000
    events = [
        BounceReceived(
            id=derived_id("b", number),
            at=now - (number + 1) * 600_000_000,
            format="rfc3464",
            recipient="bob@example.com" if number else "dave@mail.example.com",
            **given,  # type: ignore[arg-type]  # fields by name
        )
        for number, given in enumerate(GIVEN)
    ]
    for _ in range(2):
        client.raw_insert("bounces", insert_block=b"\n".join(map(codec.encode, events)), fmt="JSONEachRow")
    config = tmp_path_factory.mktemp("bounces") / "relaywarden.toml"
    config.write_text(f'[clickhouse]\nhost = "{clickhouse.host}"\nport = {clickhouse.port}\ndatabase = "{name}"\n')
    yield Hall(client, config, now)
    clickhouse.connect().command(f"DROP DATABASE {name}")


def test_bounces_are_summed_by_reason_and_listed_with_what_is_known_of_the_sender(post: Hall, opened: Open) -> None:
    opened(post)
    test = AppTest.from_string("from dashboards.views import complaints\ncomplaints.page()", default_timeout=60).run()
    assert not test.exception, [error.value for error in test.exception]
    assert [each.value for each in test.subheader] == ["Bounces by mail"]
    summed, listed = (each.value for each in test.dataframe)
    columns = ("reason", "bounces", "final", "delays", "recipients", "senders")
    assert list(zip(*(summed[name] for name in columns), strict=True)) == [
        ("user unknown", 2, 2, 0, 2, 1),
        ("mailbox full", 1, 0, 1, 1, 0),
    ]
    assert list(zip(listed["sender"], listed["sure"], listed["verdict"], listed["doubt"], strict=True)) == [
        ("alice@example.net", "90%", "■ for ever", ""),
        ("unattributed", "", "■ for ever", "the log knows no mail"),
        ("unattributed", "", "▲ delayed", ""),
    ]
    assert listed["reply"][2] == RUDE_REPLY


@pytest.fixture
def known(clickhouse: ClickHouseServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the command the password."""
    monkeypatch.setenv(PASSWORD_ENV, clickhouse.password)


def _told(post: Hall, *options: str) -> list[dict[str, object]]:
    done = run("bounces", "list", "--config", post.config, "--json", *options)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("options", "actions"),
    [
        ((), [("user_unknown", "failed"), ("user_unknown", "failed"), ("mailbox_full", "delayed")]),
        (("--reason", "mailbox_full"), [("mailbox_full", "delayed")]),
        (("--mailbox", "Alice@example.net"), [("user_unknown", "failed")]),
        (("--domain", "example.COM"), [("user_unknown", "failed"), ("mailbox_full", "delayed")]),
        (("--mailbox", "alice@example.net", "--domain", "example.com"), []),
        (("--reason", "virus", "--hours", "1"), []),
    ],
)
@pytest.mark.usefixtures("known")
def test_the_command_lists_them(post: Hall, options: tuple[str, ...], actions: list[tuple[str, str]]) -> None:
    assert [(row["reason"], row["action"]) for row in _told(post, *options)] == actions


@pytest.mark.usefixtures("known")
def test_the_command_tells_all_of_a_bounce_and_where_there_is_none(post: Hall) -> None:
    first, _, third = _told(post)
    assert (first["sender"], first["confidence"], first["permanent"]) == ("alice@example.net", 0.9, True)
    assert (third["reply"], third["sender"], third["permanent"]) == (RUDE_REPLY, "", False)
    none = run("bounces", "list", "--config", post.config, "--reason", "virus", "--hours", "48")
    assert (none.returncode, none.stdout) == (0, "no such bounces in 2 days\n")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--reason", "rude"), "--reason 'rude' is none; there are user_unknown, host_unknown, "),
        (("--domain", "bob@example.com"), "--domain 'bob@example.com': say what stands behind the @"),
        (("--hours", "0"), "--hours 0: say 1 to 87840"),
    ],
)
def test_what_cannot_be_asked_is_one_clear_line(post: Hall, options: tuple[str, ...], words: str) -> None:
    assert words in refusal(run("bounces", "list", "--config", post.config, *options))
