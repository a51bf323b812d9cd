"""The effects of suspension hooks, each against what it is meant for: a web server, SQLite, slapd, a program."""

import hmac
import json
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from embedded.broker import free_port
from schemas.mailbox_hooks import CommandHook, SqlHook, WebhookHook
from schemas.part import Part
from streams import bars
from streams.bars import Bar, ForMailbox, HoldQueue, Policy, Single
from streams.deeds import HttpCall, Run, RunWith, Secret, SqlStatement, WriteFile
from streams.effects import EffectError, HopelessError
from streams.hook_secrets import secret_of
from streams.performing import Tools, perform
from tests.panel import Panel, served

SUSPENDED = Bar(step="suspend", since=1, decision="d1", reason="41 networks in 10 min")
RELEASED = Bar(step="", since=2, decision="d2")
ALICE = "alice@example.net"
SECRET = Secret(setting="mailboxes.hooks.webhook.secret", env="TEST_SECRET")


def _never(effect: object) -> None:
    raise AssertionError(f"{effect} is not meant here")


TOOLS = Tools(policy=_never, queue=_never, notices=_never, report=_never, host="relay1")


def _single(name: str, settings: Part, bar: Bar, mailbox: str = ALICE) -> Single:
    (effect,) = bars.load(name)({}, {mailbox: bar}, settings)
    assert isinstance(effect, ForMailbox)
    return effect.effects[0]


def _call(url: str, bar: Bar = SUSPENDED, timeout_seconds: float = 5.0) -> HttpCall:
    effect = _single("webhook", WebhookHook(url=url, secret_env="TEST_SECRET", timeout_seconds=timeout_seconds), bar)
    assert isinstance(effect, HttpCall)
    return effect


def test_a_webhook_is_signed_with_its_time_and_known_by_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SECRET", "s3cret")
    with served(Panel()) as panel:
        perform(_call(panel.url), TOOLS)
        perform(_call(panel.url), TOOLS)
        perform(_call(panel.url, RELEASED), TOOLS)
    (headers, body), (again, _), (other, released) = panel.told
    assert json.loads(body) == {
        "mailbox": ALICE,
        "step": "suspend",
        "reason": "41 networks in 10 min",
        "decision": "d1",
        "recipients_per_hour": 0,
        "since": 1,
    }
    stamp = headers["Relaywarden-Timestamp"]
    assert abs(int(stamp) - time.time()) < 60
    expected = hmac.new(b"s3cret", f"{stamp}.{body}".encode(), "sha256").hexdigest()
    assert headers["Relaywarden-Signature"] == f"sha256={expected}"
    assert headers["Content-Type"] == "application/json"
    assert headers["Idempotency-Key"] == again["Idempotency-Key"] != other["Idempotency-Key"]
    assert json.loads(released)["step"] == "release"


@pytest.mark.parametrize(
    ("status", "hopeless"),
    [(302, False), (400, True), (401, False), (404, False), (422, True), (429, False), (500, False)],
)
def test_a_webhook_that_is_refused_tells_how(status: int, hopeless: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001 a table's column
    monkeypatch.setenv("TEST_SECRET", "s3cret")
    with served(Panel()) as panel:
        panel.status = status
        with pytest.raises(EffectError, match=rf"^http://127.0.0.1:\d+: {status} .*: no reason$") as failed:
            perform(_call(panel.url), TOOLS)
    assert isinstance(failed.value, HopelessError) is hopeless
    assert len(panel.told) == 1, "a redirection is not followed: the body would go where nobody said"


def test_a_webhook_that_is_away_or_slow_fails_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SECRET", "s3cret")
    with pytest.raises(EffectError, match="Connection refused"):
        perform(_call(f"http://127.0.0.1:{free_port()}/"), TOOLS)
    with served(Panel()) as panel:
        panel.delay_seconds = 2.0
        with pytest.raises(EffectError, match=r"took longer than 0\.2 s"):
            perform(_call(panel.url, timeout_seconds=0.2), TOOLS)


def test_a_secret_comes_from_the_environment_else_from_a_file_of_its_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEST_SECRET", raising=False)
    place = "mailboxes.hooks.webhook.secret"
    with pytest.raises(EffectError, match=f"^{place}_env: the variable TEST_SECRET is not set, and there is no file$"):
        secret_of(SECRET)
    path = tmp_path / "secret"
    in_file = Secret(setting=place, env="TEST_SECRET", file=str(path))
    with pytest.raises(EffectError, match=f"^{place}_file: .*: No such file"):
        secret_of(in_file)
    path.write_text("s3cret\n")
    path.chmod(0o644)
    with pytest.raises(EffectError, match="is open to others"):
        secret_of(in_file)
    path.chmod(0o600)
    assert secret_of(in_file) == "s3cret"
    monkeypatch.setenv("TEST_SECRET", "other")
    assert secret_of(in_file) == "other"
    monkeypatch.delenv("TEST_SECRET")
    path.write_text("\n")
    with pytest.raises(EffectError, match="begins with an empty line"):
        secret_of(in_file)


SQL = SqlHook(
    url_env="TEST_SQL_URL",
    suspend="UPDATE mailbox SET locked = 1, why = :reason WHERE address = :mailbox",
    release="UPDATE mailbox SET locked = 0, why = '' WHERE address = :mailbox",
)


def _locked(url: str) -> dict[str, int]:
    engine = create_engine(url)
    with engine.begin() as connection:
        rows = connection.execute(text("SELECT address, locked FROM mailbox")).all()
    engine.dispose()
    return {str(address): int(locked) for address, locked in rows}


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path}/mail.db"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE mailbox (address TEXT PRIMARY KEY, locked INT, why TEXT)"))
        names = [{"name": ALICE}, {"name": "bob@example.net"}, {"name": "x' OR '1'='1"}]
        connection.execute(text("INSERT INTO mailbox VALUES (:name, 0, '')"), names)
    engine.dispose()
    monkeypatch.setenv("TEST_SQL_URL", url)
    return url


def test_a_statement_bars_one_mailbox_and_releases_it(database: str) -> None:
    perform(_single("sql", SQL, SUSPENDED), TOOLS)
    perform(_single("sql", SQL, SUSPENDED), TOOLS)
    assert _locked(database) == {ALICE: 1, "bob@example.net": 0, "x' OR '1'='1": 0}
    perform(_single("sql", SQL, RELEASED), TOOLS)
    perform(_single("sql", SQL, SUSPENDED, "x' OR '1'='1"), TOOLS)
    assert _locked(database) == {ALICE: 0, "bob@example.net": 0, "x' OR '1'='1": 1}, "a value is no condition"


def test_a_statement_that_cannot_work_says_why(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HopelessError, match=r"^sqlite: the UPDATE found no row$"):
        perform(_single("sql", SQL, SUSPENDED, "nobody@example.net"), TOOLS)
    wrong = SqlHook(url_env="TEST_SQL_URL", suspend="UPDATE absent SET x = 1")
    with pytest.raises(EffectError, match=r"^sqlite: no such table: absent$"):
        perform(_single("sql", wrong, SUSPENDED), TOOLS)
    monkeypatch.setenv("TEST_SQL_URL", "no url with s3cret")
    with pytest.raises(EffectError, match=r"^mailboxes.hooks.sql.url: no URL of SQLAlchemy$"):
        perform(_single("sql", SQL, SUSPENDED), TOOLS)
    monkeypatch.setenv("TEST_SQL_URL", "postgresql+psycopg://mail:s3cret@127.0.0.1/mail")
    with pytest.raises(EffectError, match=r"^mailboxes.hooks.sql.url: No module named 'psycopg'$"):
        perform(_single("sql", SQL, SUSPENDED), TOOLS)
    assert set(_locked(database).values()) == {0}


@pytest.mark.parametrize(
    ("url", "mailbox", "told"),
    [
        ("postgresql://mail:s3cret@127.0.0.1:s3cret/mail", ALICE, "mailboxes.hooks.sql.url: no URL of SQLAlchemy"),
        ("postgresql://mail:pass@s3cret:s3cret/mail", ALICE, "mailboxes.hooks.sql.url: no URL of SQLAlchemy"),
        ("{0}?detect_types=s3cret", ALICE, "mailboxes.hooks.sql.url: no URL of SQLAlchemy"),
        ("{0}?timeout=1&timeout=s3cret", ALICE, "mailboxes.hooks.sql.url: no URL of SQLAlchemy"),
        ("{0}", "\ud800@example.net", "sqlite: the URL's options or the statement's values cannot"),
    ],
)
def test_what_a_driver_cannot_take_is_told_without_the_secret(
    database: str, monkeypatch: pytest.MonkeyPatch, url: str, mailbox: str, told: str
) -> None:
    monkeypatch.setenv("TEST_SQL_URL", url.format(database))
    with pytest.raises(EffectError) as refused:
        perform(_single("sql", SQL, SUSPENDED, mailbox), TOOLS)
    assert str(refused.value).startswith(told)
    assert "s3cret" not in str(refused.value)


PYMYSQL = """
import configparser
from sqlite3 import *
paramstyle, VERSION = "pyformat", (1, 2, 4, "final")
Binary = bytes
def connect(user, **options):
    open("/absent/s3cret") if user == "file" else None
    raise eval(user)("s3cret")
"""


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        ("file", "mysql: No such file or directory"),
        ("AttributeError", "mysql: the URL's options or the statement's values cannot be used (AttributeError)"),
        ("RuntimeError", "mysql: the URL's options or the statement's values cannot be used (RuntimeError)"),
        ("KeyError", "mysql: the URL's options or the statement's values cannot be used (KeyError)"),
        ("AssertionError", "mysql: the URL's options or the statement's values cannot be used (AssertionError)"),
        (
            "configparser.ParsingError",
            "mysql: the URL's options or the statement's values cannot be used (ParsingError)",
        ),
    ],
)
def test_what_pymysql_raises_besides_its_own_errors_is_a_failed_attempt(
    raised: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As seen with PyMySQL 1.2.4: no file of ssl_ca, a charset, an option file, a missing package."""
    (tmp_path / "pymysql.py").write_text(PYMYSQL)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "pymysql", raising=False)
    monkeypatch.setenv("TEST_SQL_URL", f"mysql+pymysql://{raised}@127.0.0.1/mail")
    with pytest.raises(EffectError) as refused:
        perform(_single("sql", SQL, SUSPENDED), TOOLS)
    assert str(refused.value) == told
    monkeypatch.delitem(sys.modules, "pymysql")


@pytest.mark.parametrize(
    ("effect", "told"),
    [
        (Run(command=("true", "a\0b"), timeout_seconds=5), "true: cannot be run: embedded null byte"),
        (
            RunWith(command=("true",), stdin="\ud800", timeout_seconds=5),
            "true: cannot be run: 'utf-8' codec can't encode",
        ),
        (WriteFile(path="{0}/table", content="\ud800"), "{0}/table: 'utf-8' codec can't encode"),
        (WriteFile(path="{0}/\0", content=""), "{0}/\0: embedded null byte"),
    ],
)
def test_what_no_program_or_file_can_hold_is_a_failed_attempt(
    effect: Run | RunWith | WriteFile, told: str, tmp_path: Path
) -> None:
    if isinstance(effect, WriteFile):
        effect = WriteFile(path=effect.path.format(tmp_path), content=effect.content)
    with pytest.raises(EffectError) as refused:
        perform(effect, TOOLS)
    assert str(refused.value).startswith(told.format(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_locked_database_fails_in_time(database: str) -> None:
    engine = create_engine(database, connect_args={"isolation_level": None})
    with engine.connect() as holder:
        holder.exec_driver_sql("BEGIN EXCLUSIVE")
        slow = SqlStatement(
            url=Secret(setting="url", env="TEST_SQL_URL"),
            statement="UPDATE mailbox SET locked = 1",
            values={},
            timeout_seconds=0.2,
        )
        began = time.monotonic()
        with pytest.raises(EffectError, match=r"^sqlite: database is locked$"):
            perform(slow, TOOLS)
        assert time.monotonic() - began < 5
        holder.exec_driver_sql("ROLLBACK")
    engine.dispose()
    assert _locked(database)[ALICE] == 0


def test_a_command_gets_its_arguments_whole_and_the_same_on_standard_input(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    program = tmp_path / "lock"
    program.write_text(
        f"#!{sys.executable}\nimport sys, json\n"
        f"open({str(kept)!r}, 'w').write(json.dumps([sys.argv[1:], json.load(sys.stdin)]))\n"
    )
    program.chmod(0o755)
    hook = CommandHook(suspend=(str(program), "{step}", "--", "{mailbox}"))
    perform(_single("command", hook, SUSPENDED, "-rf $(id); 'x' y"), TOOLS)
    arguments, told = json.loads(kept.read_text())
    assert arguments == ["suspend", "--", "-rf $(id); 'x' y"]
    assert told["mailbox"] == "-rf $(id); 'x' y"
    assert told["decision"] == "d1"


def test_a_program_may_end_as_is_fine_and_leave_its_input_unread() -> None:
    perform(RunWith(command=("sh", "-c", "exit 68"), fine=(0, 68), timeout_seconds=5.0, stdin="x" * 1_000_000), TOOLS)
    with pytest.raises(EffectError, match=r"ended with 1: no$"):
        perform(RunWith(command=("sh", "-c", "echo no; exit 1"), fine=(0, 68), timeout_seconds=5.0), TOOLS)
    with pytest.raises(EffectError, match=r"took longer than 0.2 s"):
        perform(RunWith(command=("sleep", "9"), timeout_seconds=0.2), TOOLS)
    with pytest.raises(EffectError, match="no-such-program: No such file"):
        perform(Run(command=("no-such-program",), timeout_seconds=1.0), TOOLS)


def test_files_and_answers_go_where_they_belong(tmp_path: Path) -> None:
    perform(WriteFile(path=str(tmp_path / "deny"), content="alice:\n"), TOOLS)
    assert (tmp_path / "deny").read_text() == "alice:\n"
    with pytest.raises(EffectError, match="/no/such/folder/deny: No such file"):
        perform(WriteFile(path="/no/such/folder/deny", content=""), TOOLS)
    policies, queues = list[Policy](), list[HoldQueue]()
    tools = Tools(policy=policies.append, queue=queues.append, notices=_never, report=_never, host="relay1")
    policy = Policy(barred={}, suspended="", throttled="")
    perform(policy, tools)
    assert (policies, queues) == ([policy], [])
