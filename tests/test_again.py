"""Dead letters read again: the ids of the first reading, who sent it, what is not read; orders; late events stored."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from collectors.again import DAY, Submission, lines_again, unsent, with_senders
from collectors.intake import Intake
from collectors.reading import LogReader
from collectors.retryorders import RetryOrders
from schemas import codec
from schemas.events import DeadLetter, DeliveryAttempted, MessageSubmitted
from schemas.names import event_id, source_of
from schemas.retry_events import RECOVERED, LetterTried, RetryOrdered, RetryOutcome
from schemas.settings import Maildir
from schemas.topics import MAIL_EVENTS
from schemas.watermark import Watermarks
from streams.rows import Intake as Storing
from streams.rows import Record
from tests.parts import packed

SOURCE = "0123456789abcdef"
AT = 1_795_946_403_000_000
HEAD = "2026-11-29T10:00:0{} mx1 postfix/"
SENT = HEAD.format("3+00:00") + (
    "out1/smtp[14]: 4F0000001z: to=<x@example.org>, relay=mx.example.org[203.0.113.5]:25, delay=0.5, "
    "delays=0.1/0/0.2/0.2, dsn=2.0.0, status={} (250 2.0.0 Ok)"
)
CLIENT = HEAD.format("1+00:00") + (
    "submission/smtpd[11]: 4F0000001z: client=c[198.51.100.7], sasl_method=PLAIN, sasl_username=anna@example.net"
)
QUEUED = HEAD.format("2+00:00") + "qmgr[13]: 4F0000001z: from=<anna@example.net>, size=1234, nrcpt=1 (queue active)"


def letter(offset: int, text: str, source: str = SOURCE) -> DeadLetter:
    identity = event_id(source, offset)
    return DeadLetter(
        id=identity, at=AT, name="mx1", format="postfix", reason="was unknown", text=text, place=f"mx1/{offset}"
    )


def begin(source: str, at: int) -> LogReader:
    return LogReader(
        source,
        name="mx1",
        format="postfix",
        host="mx1",
        zone="UTC",
        outbound_ips={"out1": "192.0.2.11"},
        networks={},
        reference=datetime.fromtimestamp(at / 1e6, UTC),
    )


def test_each_line_says_what_became_of_it_under_its_first_id() -> None:
    given = [
        letter(300, SENT.format("sent")),
        letter(400, SENT.format("handed-over")),
        letter(500, "2026-11-29T10:00:04+00:00 mx1 cron[1]: nothing of ours"),
        letter(600, HEAD.format("4+00:00") + "qmgr[13]: 4F0000001z: removed"),
        msgspec.structs.replace(letter(700, SENT.format("sent")), cut=True),
        letter(800, ""),
    ]
    told = [(each.letter.place, each.outcome, each.reason) for each in lines_again(reversed(given), begin)]
    assert told == [
        ("mx1/300", "recovered", ""),
        ("mx1/400", "unread", "a delivery with the status 'handed-over'"),
        ("mx1/500", "nothing", "it holds nothing we want"),
        ("mx1/600", "nothing", "it only tells the join something"),
        ("mx1/700", "gone", "only the beginning of the line was kept"),
        ("mx1/800", "gone", "nothing was kept"),
    ]
    (event,) = next(iter(lines_again(given[:1], begin))).events
    assert (event.id, event.at) == (given[0].id, AT)


def test_lines_of_one_log_that_are_tried_together_tell_each_other_who_sent_it() -> None:
    given = [letter(100, CLIENT), letter(200, QUEUED), letter(300, SENT.format("sent"))]
    elsewhere = letter(300, SENT.format("sent"), "fedcba9876543210")
    events = [event for each in lines_again([*given, elsewhere], begin) for event in each.events]
    sent = {source_of(e.id): (e.sender, e.sender_kind) for e in events if isinstance(e, DeliveryAttempted)}
    assert sent == {SOURCE: ("anna@example.net", "sasl"), "fedcba9876543210": ("", "")}
    assert [event.id for event in events if isinstance(event, MessageSubmitted)] == [given[1].id]


def test_who_sent_it_is_the_newest_submission_before_under_its_queue_id() -> None:
    tried = list(lines_again([letter(300, SENT.format("sent"))], begin))
    (event,) = unsent(tried)
    assert (event.host, event.queue_id) == ("mx1", "4F0000001z")

    def submission(at: int, sender: str) -> Submission:
        return Submission("mx1", "4F0000001z", at, sender, "sasl", sender)

    def sender(*known: Submission) -> str:
        found = with_senders(tried[0], {("mx1", "4F0000001z"): known}).events[0]
        assert isinstance(found, DeliveryAttempted)
        return found.sender

    old, right, later = submission(AT - 3 * DAY, "old@a"), submission(AT - DAY, "anna@a"), submission(AT + DAY, "bob@a")
    assert sender(old, right, later) == "anna@a"
    assert sender(later) == ""
    assert sender(submission(AT - 7 * DAY, "too old@a")) == ""


def test_a_mail_is_read_whole_from_its_maildir(tmp_path: Path) -> None:
    golden = Path(__file__).parent / "golden" / "complaints" / "arf"
    mail = next(iter(sorted(golden.glob("*.eml")))).read_bytes()
    intake = Intake(Maildir(maildir=tmp_path / "m"), "fbl")
    (tmp_path / "m" / "cur" / "17.M1.host:2,S").write_bytes(mail)
    (tmp_path / "m" / "new" / "18.M1.host").write_bytes(b"Subject: hello\n\nnothing of ours\n")
    dead = DeadLetter(id="d", at=AT, name="fbl", format="any", reason="?", text="…", place="17.M1.host")
    found = intake.again(dead)
    assert found is not None
    assert (found.outcome, len(found.events)) == ("recovered", 1)
    for place, outcome, reason in (
        ("18.M1.host", "nothing", "it is neither complaint nor bounce nor report"),
        ("19.M1.host", "gone", f"the mail is in {tmp_path / 'm'} no more"),
    ):
        other = intake.again(msgspec.structs.replace(dead, place=place))
        assert other is not None
        assert (other.outcome, other.reason) == (outcome, reason)


def test_an_order_is_open_until_this_host_answered_or_another_recovered_it() -> None:
    orders = RetryOrders("mx1")
    order = RetryOrdered(id="o", at=AT, operator="kim", reason="x", letters=("a", "b", "c"))
    peek = RetryOrdered(id="p", at=AT + 1, operator="kim", preview=True, letters=("a",))

    def answer(name: str, host: str, outcome: RetryOutcome) -> LetterTried:
        return LetterTried(id=f"{name}{host}", at=AT, order="o", letter=name, host=host, outcome=outcome)

    for event in (order, peek, answer("a", "mx2", "recovered"), answer("b", "mx2", "unread")):
        orders.take(event)
    assert list(orders.open(AT)) == [(order, ("b", "c")), (peek, ("a",))]
    orders.take(answer("b", "mx1", "unread"))
    assert list(orders.open(AT + 601_000_000)) == [(order, ("c",))]
    assert list(orders.open(AT)) == [(order, ("c",))]  # the preview is forgotten
    orders.take(answer("c", "mx1", "gone"))
    assert list(orders.open(AT)) == []


def test_late_events_are_stored_once_move_no_watermark_and_are_not_stored_again() -> None:
    def event(offset: int) -> DeliveryAttempted:
        return DeliveryAttempted(
            id=event_id(SOURCE, offset), at=AT, host="mx1", queue_id="4F", recipient="x@example.org", outcome="sent"
        )

    def record(offset: int, *events: DeliveryAttempted, late: bool = False) -> Record:
        headers = {"first": events[0].id.encode(), "last": events[-1].id.encode(), "count": b"%d" % len(events)}
        return Record(MAIL_EVENTS, 0, offset, AT, packed(list(events)), {RECOVERED: b"1"} if late else headers)

    def ids(lines: bytes) -> list[str]:
        return [codec.decode(line).id for line in lines.splitlines()]

    storing = Storing("c", Watermarks())
    late = event(900)
    assert ids(storing.take(record(0, late, late=True), frozenset()).lines) == [late.id]
    assert ids(storing.take(record(1, late, late=True), {late.id}).lines) == []
    live = storing.take(record(2, event(800), late, event(1000)))  # the log is read again, by the new parser
    assert ids(live.lines) == [event(800).id, event(1000).id]
    assert ids(storing.take(record(3, event(1100), event(1200))).lines) == [event(1100).id, event(1200).id]
    restarted = Storing("c", Watermarks(), recovered=[late.id])
    assert ids(restarted.take(record(4, event(800), late)).lines) == [event(800).id]
