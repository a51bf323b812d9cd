"""Records become rows: each event once, whatever was sent again in whatever chunks."""

import dataclasses
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import codec
from schemas.events import DeadLetter, MessageExpired, SourceOpened
from schemas.mailbox_events import MailboxFlagged
from schemas.names import event_id, source_id
from schemas.observations import ClockTicked
from schemas.topics import MAIL_EVENTS, MAILBOX_EVENTS, MAILBOX_STATE, POOL_OBSERVATIONS, Topic
from schemas.watermark import Watermarks
from streams.rows import REFILLED, Intake, Record, Rows, halves, ids_of, placed, since, without
from tests.parts import packed

SOURCE = source_id("mx1", "/var/log/mail.log")


def expired(number: int, source: str = SOURCE) -> MessageExpired:
    return MessageExpired(id=event_id(source, number * 100), at=number, host="mx1", queue_id=f'A"{{\n{number}')


def chunk(numbers: list[int], offset: int = 0, source: str = SOURCE) -> Record:
    events = [expired(number, source) for number in numbers]
    headers = {"first": events[0].id.encode(), "last": events[-1].id.encode(), "count": str(len(events)).encode()}
    return Record(MAIL_EVENTS, 3, offset, 77, packed(events), headers)


def intake() -> Intake:
    return Intake("c", Watermarks())


def numbers_of(rows: Rows) -> list[int]:
    return [json.loads(line)["at"] for line in rows.lines.splitlines()]


def test_place_stands_in_each_row_and_the_event_is_whole() -> None:
    rows = intake().take(chunk([1, 2], offset=9))
    for line, number in zip(rows.lines.splitlines(), (1, 2), strict=True):
        row = json.loads(line)
        assert (row.pop("kafka_cluster"), row.pop("kafka_partition"), row.pop("kafka_offset")) == ("c", 3, 9)
        assert codec.decode(msgspec.json.encode(row)) == expired(number)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 12)), max_size=20), st.booleans())
def test_sent_again_with_other_boundaries_counts_once(cuts: list[tuple[int, int]], headers: bool) -> None:  # noqa: FBT001
    """A publisher goes back to any place it was at, and cuts its chunks anew."""
    sink = intake()
    seen: list[int] = []
    reached = 0
    for back, length in cuts:
        start = max(reached - back, 0)
        reached = max(reached, start + length)
        record = chunk(list(range(start, start + length)))
        seen += numbers_of(sink.take(record if headers else dataclasses.replace(record, headers={})))
    assert seen == list(range(reached))


def test_what_is_stored_beyond_the_commit_is_left_out() -> None:
    sink = Intake("c", Watermarks(), {("mail.events", 3): frozenset([expired(2).id])})
    assert numbers_of(sink.take(chunk([1, 2, 3]))) == [1, 3]
    assert numbers_of(sink.take(chunk([3, 4]))) == [4]


def test_sources_do_not_hide_each_other() -> None:
    sink = intake()
    assert numbers_of(sink.take(chunk([5], source="f" * 16))) == [5]
    assert numbers_of(sink.take(chunk([1], source="0" * 16))) == [1]
    opened = SourceOpened(id="0" * 16 + "-000000000000", at=9, source="0" * 16, name="mx1")
    assert numbers_of(sink.take(Record(MAIL_EVENTS, 3, 1, 0, codec.encode(opened)))) == []


def test_refilled_and_empty_records_are_skipped() -> None:
    value = codec.encode(MailboxFlagged(id="x", at=1, mailbox="a@example.net", score=1.0, step="flag"))
    assert intake().take(Record(MAILBOX_EVENTS, 0, 0, 1, value, {REFILLED: b""})) == Rows()
    assert intake().take(Record(MAILBOX_STATE, 0, 0, 1, None)) == Rows()
    assert numbers_of(intake().take(Record(MAILBOX_EVENTS, 0, 0, 1, value))) == [1]


@pytest.mark.parametrize(
    ("topic", "value", "reason"),
    [
        (MAIL_EVENTS, b"\x28\xb5\x2f\xfdbroken", "no chunk"),
        (MAIL_EVENTS, b"\x00\xff", "no event"),
        (MAIL_EVENTS, b'{"type":"invented","id":"x","at":1}', "no event"),
        (MAIL_EVENTS, b"{}", "no event"),
        (MAIL_EVENTS, b'{"type":"clock_ticked","x":' + b"[" * 100_000, "no event"),
        (POOL_OBSERVATIONS, b'{"type":"clock_ticked","id":"x","at":9223372036854775808}', "beyond 64 bits"),
        (
            MAIL_EVENTS,
            codec.encode(ClockTicked(id="x", at=1)),
            "a ClockTicked does not belong to the topic mail.events",
        ),
        (MAILBOX_STATE, b"[1]", "no state"),
        (MAILBOX_STATE, b'{"mailbox":"a@example.net"}', "it lacks at"),
    ],
)
def test_poison_is_kept_with_its_place_and_reason(topic: Topic, value: bytes, reason: str) -> None:
    rows = intake().take(Record(topic, 1, 42, 1_700, value))
    assert rows.lines == b""
    (letter,) = rows.dead
    assert (letter.at, letter.format, letter.place) == (1_700, topic.name, f"{topic.name}/1/42")
    assert reason in letter.reason
    assert letter.text == value[:65536].decode(errors="backslashreplace")


def test_poison_among_good_lines_takes_nothing_with_it() -> None:
    good = codec.encode(expired(1)), codec.encode(expired(2))
    value = codec.pack([good[0], b"not JSON", good[1]])
    headers = {"first": expired(1).id.encode(), "last": expired(2).id.encode(), "count": b"3"}
    rows = intake().take(Record(MAIL_EVENTS, 3, 5, 1, value, headers))
    assert numbers_of(rows) == [1, 2]
    assert [letter.text for letter in rows.dead] == ["not JSON"]


def test_state_is_stored_as_it_came() -> None:
    rows = intake().take(
        Record(MAILBOX_STATE, 0, 8, 1, b'{"mailbox": "a@example.net", "at": 5, "state": {"n": [1, 2]}}')
    )
    assert json.loads(rows.lines) == {
        "kafka_cluster": "c",
        "kafka_partition": 0,
        "kafka_offset": 8,
        "mailbox": "a@example.net",
        "at": 5,
        "state": {"n": [1, 2]},
    }


def test_dead_letters_of_others_are_rows_like_any() -> None:
    letter = DeadLetter(id="d", at=3, name="mx1", format="postfix", reason="r", text="t")
    assert numbers_of(intake().take(Record(POOL_OBSERVATIONS, 0, 0, 1, codec.encode(ClockTicked(id="t", at=4))))) == [4]
    assert "does not belong" in intake().take(Record(POOL_OBSERVATIONS, 0, 0, 1, codec.encode(letter))).dead[0].reason


@given(st.lists(st.binary(max_size=20).map(lambda text: text.replace(b"\n", b"")), min_size=1, max_size=30))
def test_halves_are_the_whole(lines: list[bytes]) -> None:
    whole = b"".join(line + b"\n" for line in lines)
    first, second = halves(whole)
    assert first + second == whole
    assert first.endswith(b"\n")
    assert bool(second) == (len(lines) > 1)


def test_lines_are_found_by_their_id() -> None:
    lines = b"".join(codec.encode(expired(number)) + b"\n" for number in (1, 2)) + b"no JSON\n"
    assert list(ids_of(lines)) == [expired(1).id, expired(2).id, ""]
    assert list(ids_of(without(lines, [expired(1).id]))) == [expired(2).id]


def test_what_is_older_than_the_table_keeps_is_left_out_line_by_line() -> None:
    lines = [codec.encode(expired(number)) + b"\n" for number in (1, 2, 3)]
    for line in lines:
        assert codec.decode(line).at in {1, 2, 3}
    whole = placed(b"".join(lines), "c", Record(MAIL_EVENTS, 0, 0, 1, None))
    assert since(whole, 1) is whole
    assert [codec.decode(_bare(line)).at for line in since(whole, 2).splitlines()] == [2, 3]
    assert since(whole, 4) == b""
    assert since(b"", 4) == b""


def _bare(line: bytes) -> bytes:
    return b"{" + line[line.index(b'"type"') :]
