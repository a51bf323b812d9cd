"""Each honest habit over seven weeks of November and December: what makes it hard to tell from a thief is there."""

from collections import Counter, defaultdict
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address
from itertools import pairwise
from random import Random

import pytest

from embedded.hoster import habits
from embedded.hoster.activity import DAY, HOUR, Activity, Login, Mail
from embedded.hoster.places import WEBMAIL
from embedded.hoster.resident import Horizon, Resident, midnight_of
from embedded.hoster.rhythm import Day
from embedded.hoster.town import Town

FIRST = 20_405  # 13 November 2025
DAYS = 49
HORIZON = Horizon(FIRST * DAY, (FIRST + DAYS) * DAY)
Life = list[Activity]
NAMES = tuple(habits.shares())


@lru_cache(maxsize=100)
def _lives(habit: str) -> list[Life]:
    """Return what eight residents with a habit do in the seven weeks, each in time order."""
    lives = []
    for number in range(8):
        network = f"198.51.100.{16 * number}/28" if habit == "relay_network" else ""
        name = f"customer-{number}" if network else f"{habit}{number}@customer{number}.example"
        resident = Resident(name, habit, number, "de", 1, network)
        day_of = habits.load(habit)(resident, Random(name), HORIZON)
        days = (Day(day, midnight_of(resident, day), Random(f"{name} {day}")) for day in range(FIRST, FIRST + DAYS))
        lives.append(sorted((item for day in days for item in day_of(day)), key=lambda item: item.at))
    return lives


def _mails(life: Life) -> list[Mail]:
    return [item for item in life if isinstance(item, Mail)]


def _most(life: Life, span: int) -> int:
    """Return the most recipients that were written to within a span."""
    mails = _mails(life)
    first = most = count = 0
    for mail in mails:
        count += len(mail.recipients)
        while mails[first].at < mail.at - span:
            count -= len(mails[first].recipients)
            first += 1
        most = max(most, count)
    return most


def _networks(life: Life, span: int) -> int:
    """Return the most networks (/24, /48) that logins and mails came from within a span."""
    seen = defaultdict(set)
    for item in life:
        ip = item.client_ip
        if ip and ip != WEBMAIL:
            seen[item.at // span].add(":".join(ip.split(":")[:3]) if ":" in ip else ip.rpartition(".")[0])
    return max((len(networks) for networks in seen.values()), default=0)


def _unknown(life: Life) -> float:
    fates = Counter(to.fate for mail in _mails(life) for to in mail.recipients)
    return (fates["unknown_user"] + fates["no_domain"]) / max(1, fates.total())


def _failures(life: Life, span: int) -> int:
    """Return the most failed logins within a span."""
    seen = Counter(item.at // span for item in life if isinstance(item, Login) and not item.succeeded)
    return max(seen.values(), default=0)


def _silent_days(life: Life) -> int:
    return DAYS - len({item.at // DAY for item in life})


def _nights(life: Life) -> int:
    return len({mail.at // DAY for mail in _mails(life) if mail.at // HOUR % 24 in {0, 1, 2}})


SHOWS: dict[str, Callable[[Life], bool]] = {
    "person": lambda life: _networks(life, DAY) >= 3,
    "office": lambda life: len({item.client_ip for item in life}) < 800 and _most(life, HOUR) >= 15,
    "newsletter": lambda life: _most(life, 3 * HOUR) >= 150,
    "shop": lambda life: _most(life, DAY) > 3 * len(_mails(life)) / DAYS,
    "forwarder": lambda life: any(to.fate == "refused" for mail in _mails(life) for to in mail.recipients),
    "mailing_list": lambda life: _most(life, 60_000_000) >= 12,
    "traveller": lambda life: _networks(life, DAY) >= 4,
    "commuter": lambda life: _networks(life, HOUR) >= 5,
    "club": lambda life: _most(life, HOUR) >= 40,
    "forgetful": lambda life: _failures(life, DAY) >= 50,
    "mover": lambda life: len({item.client_ip for item in life}) > 1,
    "biller": lambda life: _most(life, 2 * HOUR) >= 25,
    "autoresponder": lambda life: _unknown(life) > 0.03,
    "monitor": lambda life: _nights(life) >= 7 and _most(life, HOUR) >= 10,
    "newcomer": lambda life: _silent_days(life) >= 7,
    "dormant": lambda life: _silent_days(life) >= 14,
    "veteran": lambda life: {mail.way for mail in _mails(life)} == {"relay"},
    "relay_network": lambda life: len({mail.envelope_from for mail in _mails(life)}) >= 3,
    "cloud_fetch": lambda life: sum(isinstance(item, Login) for item in life) > 12 * DAYS,
}


@pytest.mark.parametrize("habit", NAMES)
def test_a_habit_shows(habit: str) -> None:
    shown = [SHOWS[habit](life) for life in _lives(habit)]
    assert sum(shown) >= 3, shown


@pytest.mark.parametrize("habit", NAMES)
def test_what_a_habit_does_is_honest_and_its_own(habit: str) -> None:
    for number, life in enumerate(_lives(habit)):
        assert {item.kind for item in life} <= {"honest"}
        assert {item.mailbox.partition("@")[0] for item in life} <= {f"{habit}{number}", f"customer-{number}"}
        assert all(mail.recipients for mail in _mails(life))
        for ip in {item.client_ip for item in life} - {""}:
            assert str(ip_address(ip)) == ip


def test_every_habit_has_a_part_of_the_town() -> None:
    assert set(SHOWS) == set(NAMES)
    town = Counter(resident.habit for resident in Town(1, 500).residents)
    assert set(town) == set(NAMES)
    assert town["person"] > 150
    with pytest.raises(ValueError, match="no habit 'burglar'; there are autoresponder, biller,"):
        habits.load("burglar")


def test_volumes_spread_over_orders_of_magnitude() -> None:
    mails = sorted(len(_mails(life)) for habit in ("person", "office", "shop") for life in _lives(habit))
    assert mails[0] < 40
    assert mails[-1] > 2000


def test_the_town_is_the_same_however_its_time_is_cut() -> None:
    town, start = Town(3, 80), FIRST * DAY
    whole = list(town.activity(start, start + 2 * DAY, HORIZON))
    cuts = [start, start + 7 * HOUR, start + 30 * HOUR, start + 2 * DAY]
    pieces = [item for begin, end in pairwise(cuts) for item in town.activity(begin, end, HORIZON)]
    assert Counter(map(repr, pieces)) == Counter(map(repr, whole))
    assert [item.at for item in whole] == sorted(item.at for item in whole)


def test_people_of_an_office_share_its_address() -> None:
    seen = defaultdict(set)
    for resident in (Resident(f"anna{n}@customer9.example", "office", n, "ch", 1) for n in range(4)):
        day_of = habits.load("office")(resident, Random(resident.mailbox), HORIZON)
        for item in day_of(Day(FIRST, midnight_of(resident, FIRST), Random(resident.mailbox))):
            seen[item.client_ip].add(item.mailbox)
    assert max(len(mailboxes) for ip, mailboxes in seen.items() if ip != WEBMAIL) >= 3


def test_friends_become_more_but_slowly() -> None:
    early = late = 0
    for life in _lives("person"):
        november = [mail for mail in _mails(life) if mail.at < (FIRST + 18) * DAY]
        met: set[str] = set()
        for number, mail in enumerate(november):
            new = {to.address for to in mail.recipients} - met
            met |= new
            early += len(new) if number < len(november) // 2 else 0
            late += len(new) if number >= len(november) // 2 else 0
    assert 0.1 * early < late < 0.7 * early
