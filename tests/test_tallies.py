"""Who spoilt an IP: the ranking by what went wrong, not only by volume."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.facts import Culprit
from streams.tallies import Tallies, Tally, guilt, ranked
from streams.window import HOUR, MINUTE

T0 = 1_772_359_200_000_000
SHOP, EVE, CLUB = "shop@example.net", "eve@example.net", "club@example.net"


def counted(*told: tuple[float, Culprit]) -> Tallies:
    tallies = Tallies()
    for minute, culprit in told:
        tallies = tallies.counting(T0 + int(minute * MINUTE), (culprit,))
    return tallies


def names(tallies: Tallies, minute: float = 0) -> list[str]:
    return [one.sender for one in ranked(tallies, T0 + int(minute * MINUTE))]


def test_a_thief_comes_before_a_busier_shop_with_the_usual_few_wrong_addresses() -> None:
    tallies = counted(
        (-20, Culprit(sender=SHOP, messages=20_000, unknown_users=100)),
        (-15, Culprit(sender=EVE, messages=900, recipients=890, unknown_users=240, refusals=30, networks=41)),
    )
    first, second = ranked(tallies, T0)
    assert first == Culprit(
        sender=EVE,
        messages=900,
        recipients=890,
        unknown_users=240,
        refusals=30,
        networks=41,
        share=0.043,
        minutes=60,
    )
    assert second.sender == SHOP
    assert guilt({SHOP: Tally(messages=20_000, unknown_users=100), EVE: Tally(messages=900, unknown_users=270)}) == {
        SHOP: 0.0,
        EVE: 270 - 101 / 20_050 * 900 - 2 * (101 / 20_050 * 900 + 1) ** 0.5,
    }


def test_a_thief_whose_mail_all_arrives_is_told_by_his_networks() -> None:
    tallies = counted(
        (-20, Culprit(sender=SHOP, messages=20_000, networks=2)),
        (-15, Culprit(sender=EVE, messages=900, networks=40)),
    )
    assert names(tallies) == [EVE, SHOP]
    assert guilt({EVE: Tally(messages=900, networks=400)}) == {EVE: 450.0}, "of half of them at most"


def test_the_window_in_which_he_stands_out_counts() -> None:
    tallies = counted(
        (-23 * 60, Culprit(sender=EVE, messages=400, unknown_users=200)),
        (-30, Culprit(sender=SHOP, messages=5000, unknown_users=25)),
        (-5, Culprit(sender=CLUB, messages=140, complaints=9)),
    )
    first, second, third = ranked(tallies, T0)
    assert {(one.sender, one.minutes) for one in (first, second)} == {(CLUB, 10), (EVE, 1440)}
    assert third.sender == SHOP
    assert names(tallies, 60) == [EVE, CLUB, SHOP]
    assert names(tallies, 48 * 60) == [], "all of that is forgotten"


def test_without_any_sign_the_busiest_of_the_last_hour_comes_first() -> None:
    tallies = counted(
        (-300, Culprit(sender=CLUB, messages=9000)),
        (-50, Culprit(sender=SHOP, messages=30)),
        (-5, Culprit(sender=EVE, messages=20)),
    )
    found = ranked(tallies, T0)
    assert [(one.sender, one.messages, one.share, one.minutes) for one in found] == [
        (SHOP, 30, 0.6, 60),
        (EVE, 20, 0.4, 60),
        (CLUB, 9000, 0.994, 1440),
    ]


def test_a_bad_sender_of_few_messages_is_kept_among_many_busy_ones() -> None:
    tallies = counted(*((-1, Culprit(sender=f"shop{number:03}@example.net", messages=100)) for number in range(60)))
    tallies = tallies.counting(T0, (Culprit(sender=EVE, messages=9, unknown_users=8),))
    tallies = tallies.counting(
        T0, tuple(Culprit(sender=f"shop{number:03}@example.net", messages=1) for number in range(9))
    )
    assert names(tallies)[0] == EVE
    assert all(len(senders) <= 20 for senders in (*tallies.short.values(), *tallies.long.values()))


def test_memory_is_bounded_however_long_it_goes_on() -> None:
    tallies = Tallies()
    for minute in range(0, 3 * 24 * 60, 5):
        tallies = tallies.counting(T0 + minute * MINUTE, (Culprit(sender=f"{minute}@example.net", messages=1),))
    assert (len(tallies.short), len(tallies.long)) == (7, 5)
    assert tallies.last_seen("4315@example.net") == T0 + (4310 * MINUTE) // (10 * MINUTE) * 10 * MINUTE
    assert tallies.last_seen("0@example.net") == 0


SENDERS = st.dictionaries(
    st.sampled_from([f"{name}@example.net" for name in "abcdefgh"]),
    st.builds(
        Tally,
        messages=st.integers(0, 10_000),
        unknown_users=st.integers(0, 500),
        refusals=st.integers(0, 500),
        networks=st.integers(0, 60),
    ),
)


@given(SENDERS, SENDERS)
def test_guilt_is_never_negative_and_the_order_of_counts_decides_nothing(
    one: dict[str, Tally], two: dict[str, Tally]
) -> None:
    assert all(value >= 0 for value in guilt(one).values())
    told = [
        Culprit(sender=name, messages=tally.messages, unknown_users=tally.unknown_users, networks=tally.networks)
        for given_ in (one, two)
        for name, tally in given_.items()
    ]
    forth, back = Tallies(), Tallies()
    for culprit in told:
        forth = forth.counting(T0, (culprit,))
    for culprit in reversed(told):
        back = back.counting(T0, (culprit,))
    assert ranked(forth, T0 + HOUR // 4) == ranked(back, T0 + HOUR // 4)
