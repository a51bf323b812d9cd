"""Each kind of takeover, twelve times: its form, its spread, and what must hold of all of them."""

from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pytest

from embedded.hoster import habits, takeovers
from embedded.hoster.activity import DAY, HOUR, MINUTE, Activity, Login, Mail
from embedded.hoster.population import Circle
from embedded.hoster.resident import Horizon
from embedded.hoster.takeovers import Theft
from embedded.hoster.thieves import Thieves
from embedded.hoster.town import Town

START = 20_405 * DAY
HORIZON = Horizon(START, START + 28 * DAY)
TOWN = Town(5, 1200)
KINDS = takeovers.names()


@lru_cache(maxsize=1)
def _thefts() -> tuple[tuple[Theft, list[Activity]], ...]:
    thefts = Thieves(TOWN, 5).thefts(HORIZON, 12 * len(KINDS))
    return tuple((theft, list(takeovers.load(theft.kind).activity(theft))) for theft in thefts)


def _of(kind: str) -> list[tuple[Theft, list[Mail]]]:
    return [
        (theft, [item for item in done if isinstance(item, Mail)]) for theft, done in _thefts() if theft.kind == kind
    ]


def _recipients(mails: list[Mail]) -> int:
    return sum(len(mail.recipients) for mail in mails)


def _addresses(mails: list[Mail]) -> int:
    return len({mail.client_ip for mail in mails})


def _an_hour(mails: list[Mail]) -> float:
    return len(mails) / max(1.0, (mails[-1].at - mails[0].at) / HOUR)


FORMS: dict[str, Callable[[list[Mail]], bool]] = {
    "botnet_burst": lambda mails: _addresses(mails) >= 30 and _an_hour(mails) >= 30,
    "single_address_burst": lambda mails: _addresses(mails) == 1 and _an_hour(mails) >= 20,
    "slow": lambda mails: _an_hour(mails) <= 60 and _addresses(mails) <= 5,
    "slow_distributed": lambda mails: _addresses(mails) >= 15 and _an_hour(mails) <= 150,
    "many_recipients": lambda mails: max(len(mail.recipients) for mail in mails) >= 28 and len(mails) <= 300,
    "credential_stuffing": lambda mails: len(mails) >= 30,
    "bulk_hijack": lambda mails: len(mails) >= 200 and _recipients(mails) == len(mails),
    "pop_before_smtp": lambda mails: {mail.way for mail in mails} == {"relay"},
    "targeted_phishing": lambda mails: len(mails) <= 150 and _recipients(mails) == len(mails),
    "relaying_network": lambda mails: len({mail.envelope_from for mail in mails}) > 20,
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_its_form(kind: str) -> None:
    found = _of(kind)
    assert len(found) == 12
    shown = [FORMS[kind](mails) for _, mails in found if mails]
    assert shown == [True] * 12, [(len(mails), _addresses(mails), round(_an_hour(mails))) for _, mails in found]


@pytest.mark.parametrize("kind", KINDS)
def test_no_two_of_a_kind_are_alike(kind: str) -> None:
    found = _of(kind)
    assert len({theft.resident.mailbox for theft, _ in found}) == 12
    amounts = sorted(len(mails) for _, mails in found)
    assert amounts[-1] > 1.8 * amounts[0]
    lengths = sorted(mails[-1].at - mails[0].at for _, mails in found)
    assert lengths[-1] > 2 * lengths[0]


def test_what_holds_of_every_takeover() -> None:
    for theft, done in _thefts():
        times = [item.at for item in done]
        assert times == sorted(times), theft.kind
        assert times[0] >= HORIZON.start
        assert {item.mailbox for item in done} == {theft.resident.mailbox}
        assert {item.kind for item in done} <= {theft.kind, "aftermath"}
        mails = [item for item in done if isinstance(item, Mail)]
        assert theft.start <= mails[0].at
        assert mails[-1].at < theft.end + MINUTE
        assert all(item.at > mails[-1].at for item in done if item.kind == "aftermath")


def test_the_lists_differ_in_what_nobody_has() -> None:
    shares = []
    for kind in set(KINDS) - {"targeted_phishing"}:
        for _, mails in _of(kind):
            fates = Counter(to.fate for mail in mails for to in mail.recipients)
            shares.append((fates["unknown_user"] + fates["no_domain"]) / fates.total())
    assert min(shares) < 0.03
    assert max(shares) > 0.25
    assert 0.04 < sorted(shares)[len(shares) // 2] < 0.15


def test_they_come_by_day_and_by_night_and_rob_all_habits() -> None:
    hours = Counter((theft.start + HOUR) // HOUR % 24 for theft, _ in _thefts())
    assert sum(hours[hour] for hour in range(6)) > 20
    assert sum(hours[hour] for hour in range(9, 18)) > 30
    robbed = Counter(theft.resident.habit for theft, _ in _thefts())
    assert len(robbed) >= 15
    assert robbed.most_common(1)[0][1] < 40


def test_some_thieves_log_in_before_and_some_do_not() -> None:
    before = [
        any(isinstance(item, Login) and item.succeeded and item.at < theft.start for item in done)
        for theft, done in _thefts()
    ]
    assert 0.2 < sum(before) / len(before) < 0.8


def test_a_stuffed_mailbox_was_guessed_at_from_many_networks() -> None:
    for theft, done in _thefts():
        if theft.kind == "credential_stuffing":
            failed = [item for item in done if isinstance(item, Login) and not item.succeeded and item.at < theft.start]
            assert len({item.client_ip for item in failed}) >= 6
            assert any(isinstance(item, Login) and item.succeeded for item in done)


def test_a_phisher_often_writes_to_the_victims_own_contacts() -> None:
    known = 0
    for theft, mails in _of("targeted_phishing"):
        circle = Circle(theft.resident.mailbox, theft.resident.market, 200)
        friends = {circle[place].address for place in range(200)}
        known += sum(to.address in friends for mail in mails for to in mail.recipients) > len(mails) // 5
    assert 4 <= known <= 11


def test_the_thieves_of_the_show_are_blatant() -> None:
    thieves = Thieves(TOWN, 1)
    jobs = thieves.plan([START + HOUR, START + 2 * HOUR], 0.75)
    done = list(thieves.activity(jobs))
    for job in jobs:
        mails = [item for item in done if isinstance(item, Mail) and item.mailbox == job.mailbox]
        assert job.start <= mails[0].at < mails[-1].at <= job.end
        assert len(mails) >= 80
        assert sum(to.trap for mail in mails for to in mail.recipients) >= 15


def test_every_habit_and_kind_is_documented() -> None:
    text = (Path(__file__).parents[1] / "docs" / "demo-data.md").read_text()
    for name in (*KINDS, *habits.shares()):
        assert f"| `{name}` |" in text
