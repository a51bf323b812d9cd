"""Time travel: a page as it was, what was different then, and decisions of the real functions made again."""

import json

import msgspec
import pytest

from dashboards import moment
from dashboards.compared import Known, different, joined
from embedded.clickhouse import PASSWORD_ENV, ClickHouseServer
from schemas import codec
from schemas.events import DeliveryAttempted
from schemas.facts import Evidence
from schemas.mailbox_events import CaseGrown, CaseOpened, MailboxDecision, MailboxFlagged
from schemas.mailbox_settings import Mailboxes
from schemas.replay_shapes import Difference
from schemas.settings import Settings, load
from schemas.topics import MAIL_EVENTS, MAILBOX_EVENTS
from streams.partition import Partition
from streams.redeciding import redecided
from streams.sameness import differences
from tests.command.shell import refusal, run
from tests.pages.conftest import Hall, Open, furnish, spoken
from tests.pages.scene import MINUTE, THIEF
from tests.pages.sunset_scene import put
from tests.pages.test_dashboard_views import cells, shown, texts
from tests.patterns import MAILBOX, events_of
from tests.pool_scene import A, Scene
from tests.worker.workbench import deliveries

TAKEN = "for=60 messages=2 logins=3 networks=2 times=24; for=4 messages=600 recipients=2 unknown=22"
CONFIG = """
[pool.main]
transports = { out1 = "192.0.2.1", out2 = "192.0.2.2", out3 = "192.0.2.3" }
min_active = MIN
"""
FAR = 4_000_000_000_000_000


def _pool() -> Scene:
    """Return a pool of which an IP was listed, withdrawn, cleared, and came back."""
    scene = Scene(3, min_active=1)
    for minute in (0, 30, 60):
        scene.round(minute, "spamcop", [A] if minute else [])
    for minute in range(90, 3000, 30):
        scene.round(minute, "spamcop", [])
    return scene


def _mailbox() -> tuple[list[object], list[MailboxDecision]]:
    """Return the mail of a mailbox that was taken over and fell silent, with others', and what a worker decided."""
    partition, taken = Partition(0, Mailboxes(), "1"), events_of(TAKEN)
    others = [
        msgspec.structs.replace(event, id=f"{number:02d}{event.id[2:]}", at=taken[-1].at + number * 60 * MINUTE)
        for number, event in enumerate(deliveries(40, 1, "mx9")[:40], 1)
        if isinstance(event, DeliveryAttempted)
    ]
    partition.apply(MAIL_EVENTS, taken)
    partition.apply(MAIL_EVENTS, others)
    decided = [codec.decode(each.value) for each in partition.flush(FAR)[1] if each.topic is MAILBOX_EVENTS]
    return [*taken, *others], [each for each in decided if isinstance(each, MailboxDecision)]


@pytest.fixture(scope="module")
def desk(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Hall:
    """Give a database with what real folds read and decided."""
    folder = tmp_path_factory.mktemp("travel")
    hall = furnish(clickhouse, folder, "pages_travel")
    text = hall.config.read_text()
    hall.config.write_text(text[: text.index("[pool.main]")] + CONFIG.replace("MIN", "1"))
    (folder / "strict.toml").write_text(text[: text.index("[pool.main]")] + CONFIG.replace("MIN", "3"))
    scene = _pool()
    put(hall.client, "pool_observations", scene.seen)
    put(hall.client, "pool_events", scene.events)
    mail, decided = _mailbox()
    put(hall.client, "mail_events", mail)  # type: ignore[arg-type]  # events all
    put(hall.client, "mailbox_events", decided)
    return hall


def test_every_decision_of_a_pool_comes_out_again(desk: Hall) -> None:
    scene = _pool()
    kinds = [event.__struct_config__.tag for event in scene.events]
    assert kinds[0] == "ip_withdrawn"
    assert "ip_restored" in kinds
    for event in (scene.events[0], scene.events[-1]):
        again = redecided(desk.client, load(desk.config), event.id)
        assert (again.outcome, again.differences, again.reasons, again.cut) == ("same", (), (), False)
    count = sum(event.at <= scene.events[0].at for event in scene.seen)
    first = redecided(desk.client, load(desk.config), scene.events[0].id)
    assert sum(each.count for each in first.inputs) <= count, "what came after it is no input"
    assert first.since == scene.seen[0].at


def test_every_decision_about_a_mailbox_comes_out_again(desk: Hall) -> None:
    mail, decided = _mailbox()
    assert {type(each).__name__ for each in decided} >= {"MailboxFlagged", "MailboxReleased"}
    for event in decided:
        again = redecided(desk.client, load(desk.config), event.id)
        assert (again.outcome, again.differences) == ("same", ()), event
    its = [each for each in mail if MAILBOX in {getattr(each, "sender", ""), getattr(each, "mailbox", "")}]
    assert sum(each.count for each in again.inputs) == len(its), "the release was made of all its mail, and no other's"


def test_with_another_configuration_it_is_told_that_this_may_be_why(desk: Hall) -> None:
    strict = load(desk.config.with_name("strict.toml"))
    withdrawn = _pool().events[0]
    again = redecided(desk.client, strict, withdrawn.id, changed=withdrawn.at + 1)
    assert again.outcome == "not decided"
    assert again.reasons[0].startswith("the configuration was changed since, at 2026-03-01T")
    milder = Settings.model_validate({**strict.model_dump(), "mailboxes": {"flag_score": 900, "suspend_score": 1000}})
    flagged = next(each for each in _mailbox()[1] if isinstance(each, MailboxFlagged) and each.step == "flag")
    assert redecided(desk.client, milder, flagged.id).outcome in {"not decided", "differs"}


def test_what_differs_is_told_field_by_field_and_reason_by_reason() -> None:
    one = MailboxFlagged(
        id="1", at=5, mailbox="m", score=60.0, step="flag", evidence=(Evidence(rule="a", text="3 x", points=60),)
    )
    other = msgspec.structs.replace(one, id="2", score=55.0, evidence=(Evidence(rule="b", text="4 y", points=55),))
    assert differences(one, other) == (
        Difference("score", "60.0", "55.0"),
        Difference("evidence a", "3 x (+60 points)", ""),
        Difference("evidence b", "", "4 y (+55 points)"),
    )


def test_the_command_says_whether_a_decision_comes_out_and_refuses_what_is_none(
    desk: Hall, clickhouse: ClickHouseServer
) -> None:
    env = {PASSWORD_ENV: clickhouse.password}
    identity = _pool().events[0].id
    done = run("replay", "--config", desk.config, "--decision", identity, env=env)
    assert done.stdout.startswith(f"ip_withdrawn {identity}: decided again, with the same evidence, from ")
    told = json.loads(run("replay", "--json", "--config", desk.config, "--decision", identity, env=env).stdout)
    assert told["outcome"] == "same"
    said = refusal(run("replay", "--config", desk.config, "--decision", "nonesuch", env=env))
    assert "no decision 'nonesuch' about a mailbox or a pool" in said


def test_the_page_of_a_decision_tells_why_and_makes_it_again(desk: Hall, opened: Open) -> None:
    opened(desk)
    released = _mailbox()[1][-1]
    test = shown("time_travel", decision=released.id)
    assert f"● {MAILBOX} released" in texts(test)
    assert any("below" in each.value for each in test.text), "its evidence in a sentence"
    assert "It cannot be made again." not in texts(test)
    test.button(key="replay").click().run(timeout=120)
    assert "● The same decision comes out, with the same evidence." in texts(test)
    assert "delivery_attempted" in cells(test)
    missing = shown("time_travel", decision="<b>none</b>")
    assert "There is no such decision about a pool or a mailbox." in texts(missing)


def test_a_page_as_of_a_moment_knows_nothing_of_later(hall: Hall, opened: Open) -> None:
    opened(hall)
    then = moment.written(hall.now - 40 * MINUTE)
    overview = shown("overview", at=then)
    flags = next(table.value for table in overview.dataframe if "step" in table.value)
    row = flags[flags["mailbox"] == THIEF].iloc[0]
    assert (row["step"], row["score"]) == ("◆ watch", 62.0), "two minutes later it was flagged"
    pool = shown("pool", at=then)
    assert "■ withdrawn" in cells(pool), "one was withdrawn then"
    assert "◆ probation" not in cells(pool), "and is on probation only since"
    assert "Orders" not in [each.value for each in pool.subheader]


def test_time_travel_tells_what_was_otherwise_and_goes_where_it_is_told(hall: Hall, opened: Open) -> None:
    opened(hall)
    spoken(hall)
    spoken(hall, hall.now - 41 * MINUTE)
    now = shown("time_travel")
    assert "Choose a moment" in texts(now)
    assert "What was different then" not in [each.value for each in now.subheader]
    then = shown("time_travel", at=moment.written(hall.now - 40 * MINUTE))
    told = next(table.value for table in then.dataframe if list(table.value) == ["what", "which", "then", "now"])
    rows = {(row["what"], row["which"]): (row["then"], row["now"]) for row in told.to_dict("records")}
    assert rows["step of the mailbox", THIEF] == ("◆ watch", "■ suspend")
    assert rows["case", "customer.example"] == ("·", "■ open, 4 mailboxes")
    day, clock = then.date_input[0].value, then.time_input[0].value
    assert clock is not None
    then.time_input[0].set_value(clock.replace(minute=(clock.minute + 1) % 60, second=0))
    then.button(key="travel.go").click().run()
    assert then.query_params["at"].startswith(f"{day}T{clock.hour:02d}:{(clock.minute + 1) % 60:02d}:00Z")


def test_of_two_lists_that_are_cut_only_what_is_in_both_is_known_to_differ() -> None:
    then = joined((("step", {"a": "watch", "b": "flag", "c": "flag"}, True), ("case", {"x": "open"}, False)))
    now = joined((("step", {"a": "flag", "b": "flag", "d": "suspend"}, False), ("case", {"y": "open"}, False)))
    assert list(different(then, now)) == [
        (("case", "x"), "open", "·"),
        (("case", "y"), "·", "open"),
        (("step", "a"), "watch", "flag"),
        (("step", "c"), "flag", "·"),
    ], "whether d was in question then nobody knows; of c all is known"
    assert ("step", "c") not in [key for key, _, _ in different(then, Known(now.told, frozenset({"step"})))]


def test_time_travel_makes_up_no_difference_of_lists_that_are_cut(
    clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory, opened: Open
) -> None:
    hall = furnish(clickhouse, tmp_path_factory.mktemp("cut"), "pages_cut")
    early, late = hall.now - 60 * MINUTE, hall.now - 10 * MINUTE
    cases = [
        CaseOpened(id=f"c{n}", at=early + n, case=f"c{n}", customer=f"club{n}.example", mailboxes=("a", "b"))
        for n in range(250)
    ]
    grown = [CaseGrown(id="g", at=late, case="c3", customer="club3.example", mailboxes=("a", "b", "c"))]
    put(hall.client, "case_events", [*cases, *grown])
    opened(hall)
    test = shown("time_travel", at=moment.written(hall.now - 40 * MINUTE))
    assert "of each case only the first 200 of a moment were read" in texts(test)
    assert "Nothing that is known: the pools, the mailboxes in question and the open cases are as they were." in (
        texts(test)
    )
    clickhouse.connect().command("DROP DATABASE pages_cut")
