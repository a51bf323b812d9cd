"""Whose a queued message is, read from what Postfix printed, and what is held, let go and kept, whatever happens."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.mailbox_hooks import PostfixQueueHook
from streams import bars
from streams.bars import Bar, HoldQueue, Pass
from streams.holds import Cause, Done, Entry, Holds, Kept, Outlook, Queue, orders, ours, planned, settled
from streams.queued import Envelope, Message, Networks, envelope, envelopes, listed

GOLDEN = Path(__file__).parent / "golden" / "queue"
ALICE, MALLORY = "alice@example.test", "mallory@example.test"
BLOCKS = {
    "local": ("9D3D39AA436", Envelope()),
    "local-full-name-imitates-a-login": ("500B09AA011", Envelope()),
    "local-full-name-imitates-another-message": ("4303F9AA037", Envelope()),
    "local-recipient-imitates-a-login": ("CA38F9AAC32", Envelope()),
    "login": ("1A79B9AA2D2", Envelope(ALICE, "127.0.0.1")),
    "login-under-a-forged-sender": ("226999AA2D8", Envelope(MALLORY, "127.0.0.1")),
    "loopback": ("233399AA2DB", Envelope("", "127.0.0.1")),
    "null-sender": ("244619AA2DC", Envelope("", "127.0.0.1")),
}


def _printed(*names: str) -> bytes:
    return b"".join((GOLDEN / f"{name}.txt").read_bytes() for name in names)


@pytest.mark.parametrize(("name", "queue_id", "expected"), [(name, *told) for name, told in BLOCKS.items()])
def test_what_postcat_prints_of_one_message(name: str, queue_id: str, expected: Envelope) -> None:
    assert envelope(_printed(name), queue_id) == expected
    assert envelope(_printed(name), "ABCDEF01234") is None


def test_every_golden_file_is_read() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(BLOCKS)


def test_several_messages_are_told_apart_up_to_the_first_that_is_gone() -> None:
    names = ("login", "loopback", "null-sender")
    asked = [BLOCKS[name][0] for name in names]
    assert envelopes(_printed(*names), [*asked, "4F1qXz3TgHz"]) == {BLOCKS[name][0]: BLOCKS[name][1] for name in names}
    assert envelopes(b"", ["4F1qXz3TgHz"]) == {}


def test_a_message_that_tells_of_another_one_is_noticed() -> None:
    """Its full name holds the end of its own block and the beginning of one of alice's message."""
    names = ("local-full-name-imitates-another-message", "login")
    with pytest.raises(ValueError, match="postcat tells of 4303F9AA037, 1A79B9AA2D2, 1A79B9AA2D2 in place of"):
        envelopes(_printed(*names), [BLOCKS[name][0] for name in names])


def test_a_client_address_behind_a_forged_sender_is_not_believed() -> None:
    text = (
        "*** ENVELOPE RECORDS deferred/1/1A79B9AA2D2 ***\nnamed_attribute: rewrite_context=local\n"
        "sender: x\nnamed_attribute: client_address=203.0.113.3\nnamed_attribute: log_ident=1A79B9AA2D2\n"
    )
    assert envelope(text.encode(), "1A79B9AA2D2") == Envelope()


@given(st.binary(max_size=300), st.sampled_from(sorted(BLOCKS)), st.integers(0, 2000))
def test_no_text_makes_the_parser_raise_anything_but_value_error(noise: bytes, name: str, at: int) -> None:
    printed = _printed(name)
    queue_id = BLOCKS[name][0]
    mixed = printed[:at] + noise + printed[at:]
    assert isinstance(envelope(mixed, queue_id), Envelope | None)
    for read in (lambda: envelopes(mixed, [queue_id]), lambda: list(listed([noise]))):
        try:
            read()
        except ValueError as error:
            assert "post" in str(error)  # noqa: PT017 whether it raises is not the question


def test_what_postqueue_prints() -> None:
    messages = {each.queue_id: each for each in listed((GOLDEN / "postqueue.jsonl").read_bytes().splitlines())}
    assert set(messages) == {queue_id for queue_id, _ in BLOCKS.values()}
    thiefs = messages["226999AA2D8"]
    assert (thiefs.queue_name, thiefs.sender, thiefs.arrival_time) == ("deferred", "forged@example.org", 1795571952)
    assert thiefs.domains == ("example.net", "example.org")
    assert list(listed([b'{"queue_name": "maildrop", "queue_id": "226999AA2D8", "arrival_time": 1}\n'])) == []


@pytest.mark.parametrize(
    "line", [b"postqueue: fatal", b"{}", b'{"queue_name": "hold", "queue_id": "../../x", "arrival_time": 1}']
)
def test_lines_that_are_none_of_postqueues(line: bytes) -> None:
    with pytest.raises(ValueError, match="postqueue -j: "):
        list(listed([line + b"\n"]))


@pytest.mark.parametrize(
    ("found", "sender", "owner"),
    [
        (Envelope(MALLORY, "203.0.113.3"), ALICE, MALLORY),  # the login counts, also from a customer's network
        (Envelope("", "203.0.113.3"), ALICE, "customer-4711"),
        (Envelope("", "203.0.113.9"), ALICE, "customer-4711 spam traps"),  # the smaller network
        (Envelope("", "198.51.100.7"), ALICE, ""),  # a stranger's mail to us, under her name
        (Envelope("", "127.0.0.1"), "Alice@Example.test", ALICE),
        (Envelope("", "::1"), ALICE, ALICE),
        (Envelope(), ALICE, ALICE),
        (Envelope(), "MAILER-DAEMON", ""),
    ],
)
def test_whose_a_message_is(found: Envelope, sender: str, owner: str) -> None:
    networks = {"203.0.113.0/28": "customer-4711", "203.0.113.8/30": "customer-4711 spam traps"}
    assert Networks(networks).owner(found, sender) == owner


def _message(queue_id: str, queue_name: str = "deferred", arrival: int = 1000) -> Message:
    return Message(queue_name=queue_name, queue_id=queue_id, arrival_time=arrival, domains=("example.net",))


def _outlook(*suspended: str, rule: str = "keep") -> Outlook:
    causes = {mailbox: Cause(since=1_000_000_000, decision="d1") for mailbox in suspended}
    released = {MALLORY: Cause(since=2_000_000_000, decision="d2")} if MALLORY not in suspended else {}
    return Outlook(
        suspended=causes, released=released, rule="release" if rule == "release" else "keep", older_seconds=100
    )


OWNERS = {"AAAAA": MALLORY, "BBBBB": ALICE, "CCCCC": MALLORY, "DDDDD": MALLORY}


def test_held_mail_of_a_released_mailbox_is_kept_but_what_is_older() -> None:
    queue = {
        "AAAAA": _message("AAAAA", arrival=899),
        "BBBBB": _message("BBBBB"),
        "CCCCC": _message("CCCCC", arrival=901),
    }
    kept = planned({}, queue, OWNERS, _outlook(MALLORY))
    assert orders(kept, "holding") == ("AAAAA", "CCCCC")
    held = {**queue, "AAAAA": _message("AAAAA", "hold", 899), "CCCCC": _message("CCCCC", "hold", 901)}
    kept, done = settled(kept, held)
    assert done == (Done(mailbox=MALLORY, action="hold", decision="d1", messages=("AAAAA", "CCCCC")),)
    after = planned(kept, held, OWNERS, _outlook())
    assert (orders(after, "letting"), orders(after, "kept")) == (("AAAAA",), ("CCCCC",))
    everything = planned(kept, held, OWNERS, _outlook(rule="release"))
    assert orders(everything, "letting") == ("AAAAA", "CCCCC")
    again = planned(after, held, OWNERS, _outlook(MALLORY))
    assert orders(again, "kept") == ("CCCCC",), "kept from before, it is not let go by the next release either"


def test_an_id_that_is_used_again_is_another_message() -> None:
    kept: Kept = {MALLORY: Holds(suspended=True, messages={"AAAAA": Entry(1000, "held")})}
    now, done = settled(kept, {"AAAAA": _message("AAAAA", "hold", 2000)})
    assert (now[MALLORY].messages, done) == ({}, ())


_STATES = st.sampled_from(["holding", "held", "kept", "letting", "freed"])
_QUEUES = st.dictionaries(st.sampled_from(sorted(OWNERS)), st.sampled_from(["incoming", "active", "deferred", "hold"]))


@given(_QUEUES, st.dictionaries(st.sampled_from(sorted(OWNERS)), _STATES), st.booleans(), st.booleans())
def test_what_holds_whatever_happens(
    places: dict[str, str],
    states: dict[str, str],
    suspended: bool,  # noqa: FBT001 Hypothesis gives it
    release: bool,  # noqa: FBT001 likewise
) -> None:
    queue: Queue = {name: _message(name, place) for name, place in places.items()}
    before: Kept = {
        MALLORY: Holds(suspended=True, messages={name: Entry(1000, state) for name, state in states.items()})  # type: ignore[arg-type]  # drawn from them
    }
    outlook = _outlook(*([MALLORY] if suspended else []), rule="release" if release else "keep")
    kept, _ = settled(before, queue)
    after = planned(kept, queue, OWNERS, outlook)
    known = {name for holds in after.values() for name in holds.messages}
    assert known <= set(states) | set(queue), "nothing is invented"
    for name in orders(after, "letting"):
        assert states[name] in {"holding", "held", "letting"}
        assert places[name] == "hold", "only what is on hold and ours is let go"
    for name in orders(after, "holding"):
        assert places[name] != "hold"
        assert OWNERS[name] == MALLORY or name in states
    assert planned(*_again(after, queue), OWNERS, outlook) == after, "to compare again changes nothing"
    if suspended:
        waiting = {name for name, place in places.items() if place != "hold" and OWNERS[name] == MALLORY}
        untouched = waiting - set(orders(after, "holding"))
        assert untouched <= {name for name, state in states.items() if state != "holding"}, "others' word counts"


def _again(kept: Kept, queue: Queue) -> tuple[Kept, Queue]:
    return settled(kept, queue)[0], queue


def test_only_what_is_ours_is_an_operators_to_let_go() -> None:
    holds = Holds(messages={"AAAAA": Entry(1000, "kept"), "BBBBB": Entry(1000, "freed"), "CCCCC": Entry(1000, "held")})
    queue = {"AAAAA": _message("AAAAA", "hold"), "BBBBB": _message("BBBBB", "hold"), "DDDDD": _message("DDDDD", "hold")}
    assert ours(holds, queue) == ("AAAAA",)


def test_the_hook_orders_the_whole_and_passes_a_throttle() -> None:
    suspended = Bar(step="suspend", since=1, decision="d1")
    throttled = Bar(step="throttle", since=2, decision="d2")
    released = Bar(step="", since=3, decision="d3")
    barred = {MALLORY: suspended, ALICE: throttled}
    done = bars.load("postfix_queue")(barred, {ALICE: throttled, "x@example.net": released}, PostfixQueueHook())
    assert done == (
        HoldQueue(suspended={MALLORY: suspended}, released={ALICE: throttled, "x@example.net": released}),
        Pass(mailbox=ALICE, reason="queued mail waits for a suspension only"),
    )
