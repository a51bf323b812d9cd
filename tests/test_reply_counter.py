"""What replies were about, counted by IP, provider and kind: with a bound, whatever servers write."""

from collections.abc import Iterable

from msgspec import structs

from schemas import codec
from schemas.events import DeliveryAttempted
from schemas.facts import Outcome
from schemas.mailbox_settings import Mailboxes
from schemas.names import source_id
from schemas.observations import FURTHER_REPLIES, RepliesCounted, TrafficCounted
from schemas.topics import MAIL_EVENTS, TRAFFIC_STATE
from streams.partition import Partition
from streams.traffic import TrafficCounter

A, B = "192.0.2.1", "192.0.2.2"
LISTED = "550 5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org"
GREY = "450 4.2.0 <r@example.org>: Recipient address rejected: Greylisted"


def attempt(
    number: int, reply: str, outcome: Outcome = "bounced", provider: str = "p", ip: str = A
) -> DeliveryAttempted:
    return DeliveryAttempted(
        id=f"{source_id('a log')}-{number:012x}-0",
        at=1_000_000 + number,
        host="mx1",
        queue_id="Q",
        sender="a@example.net",
        recipient="r@example.org",
        provider=provider,
        outcome=outcome,
        enhanced_status="",
        reply=reply,
        outbound_ip=ip,
    )


def counted(events: Iterable[DeliveryAttempted]) -> list[RepliesCounted]:
    counter = TrafficCounter()
    for event in events:
        counter.add(event)
    return [event for event in counter.drain(3, 9_000_000) if isinstance(event, RepliesCounted)]


def test_replies_are_counted_by_what_they_are_about_with_the_base_of_their_share() -> None:
    told = counted(
        [
            *(attempt(number, f"{LISTED}; number {number}") for number in range(5)),
            attempt(5, GREY, "deferred"),
            attempt(6, "250 2.0.0 Ok", "sent"),
            attempt(7, LISTED, ip=B),
            attempt(8, "550 5.7.1 moon 12345"),
            attempt(9, "550 5.7.1 moon 67890"),
        ]
    )
    greylisted, listed, unknown, about_another = told
    assert (listed.kind, listed.named, listed.pattern, listed.count) == ("listed", "spamhaus_zen", "blocked_using", 5)
    assert (listed.partition, listed.ip, listed.provider, listed.messages) == (3, A, "p", 9)
    assert (listed.first_at, listed.last_at, listed.at) == (1_000_000, 1_000_004, 9_000_000)
    assert listed.text == f"{LISTED}; number 0"
    assert (greylisted.kind, greylisted.count, greylisted.named) == ("greylisted", 1, "")
    assert (unknown.kind, unknown.pattern, unknown.text, unknown.count) == ("unknown", "", "550 5.7.1 moon 0", 2)
    assert (about_another.ip, about_another.kind, about_another.named) == (B, "other", "")
    assert about_another.pattern == "blocked_using"
    assert len({event.id for event in told}) == 4


def test_what_was_drained_does_not_come_again() -> None:
    counter = TrafficCounter()
    counter.add(attempt(1, LISTED))
    first = counter.drain(0, 1)
    assert [type(event) for event in first] == [TrafficCounted, RepliesCounted]
    assert counter.drain(0, 2) == ()


def test_no_server_can_fill_the_log_nor_hide_what_another_says() -> None:
    hostile = [
        attempt(
            number, f"550 5.7.1 {'abcdefghij'[number % 10]} {'klmnopqrst'[number // 10 % 10]} moon", provider="evil"
        )
        for number in range(100)
    ]
    lists = [
        attempt(1000 + n, f"550 5.7.1 blocked using list{'abcdefghij'[n % 10]}.example", provider="evil")
        for n in range(50)
    ]
    others = [
        attempt(2000 + n, f"550 5.7.1 moon {'abcdefghij'[n % 10] * (1 + n // 10)}", provider=f"p{n}")
        for n in range(100)
    ]
    told = counted([*hostile, *lists, *others, attempt(5000, LISTED, provider="google")])
    evil = [event for event in told if event.provider == "evil"]
    assert sorted((event.kind, event.text, event.count) for event in evil if event.text == "further replies") == [
        ("listed", "further replies", 10),
        ("unknown", "further replies", 92),
    ]
    assert len([event for event in evil if event.kind == "unknown"]) == 9
    assert len([event for event in evil if event.kind == "listed"]) == 9
    assert [event.count for event in told if event.provider == "google"] == [1]
    assert sum(event.count for event in told) == 251
    beyond = [event for event in told if event.text == "further replies" and event.provider != "evil"]
    assert {(event.kind, event.named, event.pattern, event.messages) for event in beyond} == {("unknown", "", "", 1)}
    assert len(beyond) == 100 - 56


def test_a_listing_at_all_ips_and_providers_at_once_keeps_its_kind_and_provider() -> None:
    ips = [f"198.51.100.{number}" for number in range(256)]
    providers = ("google", "microsoft", "yahoo", "gmx", "telekom")
    reply = "550 5.7.1 Client host [{}] blocked using zen.spamhaus.org"
    told = counted(
        attempt(number, reply.format(ip), provider=provider, ip=ip)
        for number, (ip, provider) in enumerate((ip, provider) for ip in ips for provider in providers)
    )
    assert len(told) == 256 * 5
    assert {(event.kind, event.named, event.count, event.messages) for event in told} == {
        ("listed", "spamhaus_zen", 1, 1)
    }
    many = counted(attempt(number, LISTED, provider=f"p{number}") for number in range(80))
    assert {(event.kind, event.count) for event in many} == {("listed", 1)}
    assert {event.provider for event in many} == {f"p{number}" for number in range(80)}
    assert len([event for event in many if event.text == "further replies"]) == 80 - 64


def test_a_provider_has_so_many_unknown_replies_in_an_hour_at_all_ips() -> None:
    def texts(counter: TrafficCounter, at: int) -> list[str]:
        for second in range(20):
            for number in range(5):
                word = "abcdefghijklmnopqrst"[second] + "vwxyz"[number]
                counter.add(attempt(number, f"550 5.7.1 moon {word}", ip=f"192.0.2.{second}"))
        return [event.text for event in counter.drain(0, at) if isinstance(event, RepliesCounted)]

    counter, hour = TrafficCounter(), 3_600_000_000
    assert len(set(texts(counter, hour)) - {"further replies"}) == 32
    first = texts(counter, hour + 1)
    again = texts(counter, hour + 1_000_000)
    assert sorted(again) == sorted(first)
    assert len(set(again) - {"further replies"}) == 32
    assert again.count("further replies") == 14
    texts(counter, 2 * hour)
    assert "550 5.7.1 moon tz" not in again
    last = attempt(1, "550 5.7.1 moon tz")
    counter.add(last)
    assert [event.text for event in counter.drain(0, 2 * hour + 1) if isinstance(event, RepliesCounted)] == [
        "550 5.7.1 moon tz"
    ]


def test_counts_of_replies_are_written_again_by_a_worker_that_comes_back_with_the_same_ids() -> None:
    first = Partition(0, Mailboxes(), "1")
    first.apply(MAIL_EVENTS, [attempt(number, LISTED) for number in range(3)])
    states, after = first.flush(5_000_000)
    (state,) = [output.value for output in states if output.topic is TRAFFIC_STATE]
    again = Partition(0, Mailboxes(), "2").restore_traffic(state or b"")
    assert [output.value for output in again] == [output.value for output in after]
    told = [codec.decode(output.value or b"") for output in again]
    assert [type(event) for event in told] == [TrafficCounted, RepliesCounted]
    assert [event.id for event in told] == sorted(event.id for event in told)
    assert structs.asdict(told[1])["count"] == 3


def test_replies_of_one_row_are_counted_by_their_reasons_also_where_they_are_too_many_to_be_told_apart() -> None:
    given = [structs.replace(attempt(number, LISTED), reason="blocked_ip") for number in range(3)]
    given += [structs.replace(attempt(3, LISTED), reason="rate")]
    given += [structs.replace(attempt(10 + at, f"550 {'x' * at}"), reason="unknown") for at in range(1, 12)]
    told = counted(given)
    assert {(one.pattern, one.reason, one.count) for one in told if one.pattern} == {
        ("blocked_using", "blocked_ip", 3),
        ("blocked_using", "rate", 1),
    }
    further = [one for one in told if one.text == FURTHER_REPLIES]
    assert [(one.reason, one.count) for one in further] == [("unknown", 3)]
