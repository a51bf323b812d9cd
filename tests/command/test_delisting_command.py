"""A listing as a case at the command line: opened by a running worker, asked for, ended, through kill -9."""

import json
import time
from collections.abc import Iterator

import pytest
from kafka import KafkaProducer

from schemas import codec
from schemas.events import DeliveryAttempted, Event
from schemas.facts import Answer, Culprit
from schemas.mailbox_events import MailboxFlagged, MailboxSuspended
from schemas.names import derived_id, event_id, source_id
from schemas.observations import ListHealthObserved, ListingObserved, TrafficCounted
from schemas.own_observations import IpIdentityObserved
from schemas.topics import place_of
from tests.command.desk import SECONDS, Desk
from tests.command.shell import refusal
from tests.parts import packed
from tests.whole.lab import TRANSPORTS, Lab, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
IP = TRANSPORTS["out1"]
THIEF = "eve@example.net"
SECOND = 1_000_000


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Run worker and sink of a pool of four."""
    with Lab(tmp_path_factory.mktemp("desk"), {"pool": {"main": {"transports": TRANSPORTS}}}) as lab:
        lab.run("sink")
        lab.run("stream")
        yield Desk(lab)
        for name in ("stream", "sink"):
            assert lab.end(name, 30) == 0, lab.log(name)


def send(lab: Lab, *events: Event) -> None:
    """Send events as those do who observe."""
    producer = KafkaProducer(bootstrap_servers=lab.broker.bootstrap)
    for event in events:
        topic, partition = place_of(event, lab.settings.kafka.partitions)
        mail = isinstance(event, DeliveryAttempted)
        producer.send(topic.name, packed([event]) if mail else codec.encode(event), partition=partition)
    producer.flush(30)
    producer.close()


def round_of(at: int, named: str, answer: Answer, name: str = "spamcop") -> list[Event]:
    """Return a list's round: it passes its test, and says something about one IP, nothing bad of the others."""
    said: list[Event] = [ListHealthObserved(id=derived_id("h", name, at), at=at, list=name, healthy=True)]
    for ip in TRANSPORTS.values():
        its = answer if ip == named else "not_listed"
        listed = its == "listed"
        said.append(
            ListingObserved(
                id=derived_id("l", name, ip, at),
                at=at + 1,
                ip=ip,
                list=name,
                answer=its,
                codes=("127.0.0.2",) if listed else (),
                reason="Blocked - see https://www.spamcop.net/bl.shtml" if listed else "",
                scope="ip",
                weight=1.0,
                removal="https://www.spamcop.net/bl.shtml" if listed else "",
                lasts_hours=24 if listed else 0,
            )
        )
    return said


def sent(number: int, at: int) -> DeliveryAttempted:
    """Return that the thief sends through the IP."""
    return DeliveryAttempted(
        id=event_id(source_id("mx1"), number * 100),
        at=at,
        host="mx1",
        queue_id=f"Q{number}",
        sender=THIEF,
        sender_kind="sasl",
        recipient="user@example.org",
        provider="example.org",
        outcome="sent",
        outbound_ip=IP,
    )


def test_before_anything_is_listed_there_is_nothing(desk: Desk) -> None:
    assert desk.say("delisting", "list") == "no delisting is open\n"
    assert desk.say("delisting", "stats") == "no delisting yet\n"


def ready_to_ask(said: str) -> None:
    """Assert that nothing speaks against asking, and what stands in the text for the form."""
    assert "do not ask yet" not in said
    form = said.partition("--- for the list's form ---\n")[2]
    assert form.startswith(f"IP address: {IP}\nReverse DNS of {IP}: mail1.example.net\nList: spamcop (127.0.0.2)\n")
    assert "What happened: a mailbox of example.net sent 900 messages in " in form
    assert "What was done: the mailbox is suspended since" in form
    assert "Remark: the password was changed\n" in form
    assert f"What was done: {IP} is withdrawn since" in form
    assert THIEF not in form


def test_from_the_listing_to_its_end_through_kill_9(desk: Desk) -> None:
    lab = desk.lab
    now = time.time_ns() // 1000
    count = TrafficCounted(
        id="0" * 16 + "-000000000001-0001",
        at=now - 600 * SECOND,
        partition=0,
        ip=IP,
        sent=900,
        last_at=now - 600 * SECOND,
        senders=(Culprit(sender=THIEF, messages=900, recipients=900, unknown_users=240, networks=41),),
    )
    seen = IpIdentityObserved(id="i", at=now, ip=IP, pool="main", ptr=("mail1.example.net",))
    flagged = MailboxFlagged(id="f", at=now - 30 * SECOND, mailbox=THIEF, score=120.0, step="flag")
    send(lab, count, seen, flagged, sent(1, now - 10 * SECOND), *round_of(now - 300 * SECOND, IP, "listed"))
    until(lambda: len(desk.rows("delisting", "list")) == 1, SECONDS, "the delisting is open")
    (row,) = desk.rows("delisting", "list")
    assert (row["list"], row["subject"], row["state"], row["relapse"]) == ("spamcop", IP, "open", 0)
    case = str(row["case"])
    until(lambda: lab.value("SELECT count() FROM mail_events") == 1, SECONDS, "the mail is stored")
    until(lambda: lab.value("SELECT count() FROM mailbox_events") == 1, SECONDS, "the flag is stored")
    until(lambda: "mail1" in desk.say("delisting", "show", IP), SECONDS, "the identity is stored")
    said = desk.say("delisting", "show", IP)
    assert f"  ! do not ask yet: {THIEF} is flagged since " in said
    assert (
        "  removal: https://www.spamcop.net/bl.shtml\n  an entry ends by itself about 24 h after the last hit\n" in said
    )
    assert f"  culprit {THIEF}: 900 messages in " in said
    assert " (100% of all), 240 unknown users, 41 networks: flagged since" in said
    assert f"{IP} is withdrawn since" in said
    lab.kill("stream")
    (event,) = desk.rows("delisting", "requested", case, "--by", "ada", "--how", "form", "--reference", "T-17")
    assert (event["case"], event["operator"], event["how"]) == (case, "ada", "form")
    desk.say("delisting", "note", case, "the password was changed", "--operator", "ada")
    barred = MailboxSuspended(id="s", at=now - 9 * SECOND, mailbox=THIEF, score=150.0, mode="enforce")
    send(lab, barred)
    lab.run("stream")
    until(lambda: desk.rows("delisting", "list")[0]["state"] == "requested", SECONDS, "the request is kept")
    until(lambda: "suspended since" in desk.say("delisting", "show", case), SECONDS, "the suspension is stored")
    ready_to_ask(desk.say("delisting", "show", case))
    lab.kill("stream")
    send(lab, *round_of(time.time_ns() // 1000, IP, "not_listed"))
    lab.run("stream")
    until(lambda: desk.rows("delisting", "list") == [], SECONDS, "the delisting is closed")
    (over,) = desk.rows("delisting", "list", "--all")
    assert (over["case"], over["state"], over["requests"]) == (case, "delisted", 1)
    kinds = dict(lab.rows("SELECT type, count() FROM delisting_events WHERE kind IN ('', 'operator') GROUP BY type"))
    assert kinds == {
        "delisting_opened": 1,
        "delisting_requested": 1,
        "delisting_noted": 1,
        "delisting_closed": 1,
    }
    assert lab.value("SELECT count() - uniqExact(id) FROM delisting_events") == 0
    (of_list,) = desk.rows("delisting", "stats")
    assert (of_list["list"], of_list["delisted"], of_list["operator_says"]) == ("spamcop", 1, "24 h")
    assert str(of_list["median_time"]).endswith("min")
    (found,) = desk.rows("delisting", "show", case)
    assert found["advice"] == []
    assert json.dumps(found["form"]).startswith('["IP address')
    assert "Traceback" not in lab.log("stream")


def test_what_is_asked_wrongly_is_one_clear_line(desk: Desk) -> None:
    (row,) = desk.rows("delisting", "list", "--all")
    assert refusal(desk.run("delisting", "show", "192.0.2.99")) == (
        "'192.0.2.99': no such delisting, and none of such an IP or domain"
    )
    assert "the delisting is closed since" in refusal(desk.run("delisting", "requested", str(row["case"])))
    now = time.time_ns() // 1000
    send(desk.lab, *round_of(now, TRANSPORTS["out2"], "listed"))
    until(lambda: len(desk.rows("delisting", "list")) == 1, SECONDS, "another delisting")
    other = TRANSPORTS["out2"]
    assert refusal(desk.run("delisting", "close", other, "--outcome", "won")) == (
        "--outcome 'won': there are delisted, expired and given-up"
    )
    assert refusal(desk.run("delisting", "note", other, " ")) == "' ': write something down"
    desk.say("delisting", "close", other, "--outcome", "given-up", "--note", "they want money")
    until(lambda: desk.rows("delisting", "list") == [], SECONDS, "it is given up")
    assert {row["state"] for row in desk.rows("delisting", "list", "--all")} == {"delisted", "given_up"}


def test_an_ip_on_two_lists_is_named_by_its_numbers(desk: Desk) -> None:
    ip = TRANSPORTS["out3"]
    now = time.time_ns() // 1000
    send(desk.lab, *round_of(now, ip, "listed"), *round_of(now, ip, "listed", "zen"))
    until(lambda: len(desk.rows("delisting", "list")) == 2, SECONDS, "two delistings")
    cases = {str(row["list"]): str(row["case"]) for row in desk.rows("delisting", "list")}
    said = refusal(desk.run("delisting", "show", ip))
    assert said.startswith(f"'{ip}' has several delistings, name one by its number: ")
    assert all(f"{case} ({name})" in said for name, case in cases.items())
    assert desk.say("delisting", "show", cases["zen"]).startswith(f"delisting {cases['zen']}: {ip} on zen: open\n")
