"""What a relay host knows of a sunset: who is exempt, what is off at a moment, what a short log says."""

from collections.abc import Iterator
from datetime import date

import pytest

from schemas.settings import parse
from schemas.sunset_events import Stage, StagesPlanned, SunsetEvent, Use, UserExempted, UserFound
from schemas.sunset_settings import Sunset
from schemas.sunset_stages import Stages
from streams.directory import Account
from streams.sunset.stepping import stepped
from streams.sunset_policy import answer
from streams.switched import Fold, Kept, coverage, kept_of, state_of, wanted
from streams.switches import Switched, names
from tests.sunset.scene import local

AT = local("2027-03-01 12:00")
HOUR = 3_600_000_000
SUNSET = Sunset(
    kind="smtp_after_pop", begins=date(2027, 1, 1), ends=date(2027, 3, 1), timezone="Europe/Berlin", stages=Stages()
)
PLANNED = StagesPlanned(id="plan", at=1, sunset="pop", stages=(Stage(number=1, beyond="n"), Stage(number=2, first="n")))


class _Town:
    """The directory of one customer, one of whose mailboxes nobody found."""

    def of(self, mailbox: str) -> Account | None:
        return Account(customer="acme") if mailbox.endswith("@acme.example") else None

    def aliases(self, mailbox: str) -> tuple[str, ...]:
        return ("sales@acme.example",) if mailbox == "anna@acme.example" else ()

    def mailboxes(self) -> Iterator[str]:
        yield from ("anna@acme.example", "unseen@acme.example", "zoe@other.example")


def _found(mailbox: str, customer: str) -> UserFound:
    use = Use(mailbox=mailbox, confidence=1.0, last=5, messages=9)
    return UserFound(id=mailbox, at=5, sunset="pop", mailbox=mailbox, customer=customer, use=use)


def _exempt(subject: str, until: str = "") -> UserExempted:
    return UserExempted(id=f"e-{subject}", at=3, sunset="pop", subject=subject, until=until)


def _fold(*events: SunsetEvent, known: Kept | None = None) -> Fold:
    fold = Fold("pop", known or Kept())
    fold.take(tuple(each for each in map(wanted, events) if each is not None))
    return fold


def _kept(*events: SunsetEvent, people: _Town | None = None, listed: bool = False) -> Kept:
    fold = _fold(*events)
    covered = coverage(fold.ledger, people, {})
    return kept_of(fold.ledger, covered, listed=listed, decision=fold.decision, step=fold.step)


def test_an_exemption_covers_other_addresses_and_all_of_a_customer_until_its_day() -> None:
    exempted = (_exempt("acme", "2027-03-01"), _exempt("anna@acme.example"), _exempt("@charity.example"))
    kept = _kept(PLANNED, _found("anna@acme.example", "acme"), *exempted, people=_Town())
    assert kept.exempt == {
        "@charity.example": "",
        "anna@acme.example": "",
        "sales@acme.example": "",
        "unseen@acme.example": "2027-03-01",
    }
    assert state_of("pop", SUNSET, kept, AT).exempt == tuple(kept.exempt)
    assert "unseen@acme.example" not in state_of("pop", SUNSET, kept, AT + 12 * HOUR).exempt
    alone = _kept(_found("anna@acme.example", "acme"), _exempt("acme"), listed=True)
    assert (alone.exempt, alone.known) == ({"anna@acme.example": ""}, ("anna@acme.example",))


def test_whose_a_mailbox_is_counts_as_of_today() -> None:
    """It was another's when it was found: the letters see it so, too."""
    kept = _kept(PLANNED, _found("anna@acme.example", "sold"), _exempt("sold"), _exempt("acme"), people=_Town())
    assert kept.covered["sold"] == ()
    assert "anna@acme.example" in kept.covered["acme"]


def test_what_is_off_follows_the_clock_and_nothing_is_before_a_plan() -> None:
    kept = _kept(PLANNED, stepped("pop", 1, "brownout", AT, until=AT + HOUR))
    assert state_of("pop", SUNSET, kept, AT).off == {1}
    assert state_of("pop", SUNSET, kept, AT + HOUR).off == frozenset()
    nothing = state_of("pop", SUNSET, Kept(), AT)
    assert not nothing.refuses("anna@example.net")


def test_a_log_that_is_shorter_than_what_is_known_says_nothing_until_it_is_quiet() -> None:
    closed = stepped("pop", 1, "closed", AT)
    known = _kept(PLANNED, closed)
    assert known.decision == closed.id
    refilled = _fold(PLANNED, known=known)
    assert not refilled.tells(1.0)
    assert refilled.tells(5.0)
    assert _fold(PLANNED, closed, known=known).tells(0.0)
    assert not _fold(known=known).tells(60.0), "an empty log says nothing at all"


@pytest.mark.parametrize(
    ("request_of", "told"),
    [
        ({"sender": "anna@x.example"}, "REJECT 5.7.1 No"),
        ({"sender": "ANNA@x.example"}, "REJECT 5.7.1 No"),
        ({"sender": "zoe@x.example"}, "DUNNO"),
        ({"sender": ""}, "DUNNO"),
        ({"sender": "anna@x.example", "sasl_username": "anna"}, "DUNNO"),
        ({"sender": "anna@x.example", "request": "other"}, "DUNNO"),
        ({}, "DUNNO"),
    ],
)
def test_the_policy_answers(request_of: dict[str, str], told: str) -> None:
    state = Switched(sunset="pop", reply="5.7.1 No", stages=PLANNED.stages, off=frozenset((1,)))
    assert answer(state, {"request": "smtpd_access_policy", **request_of}) == told


def test_what_is_found_is_a_decision_but_no_step() -> None:
    kept = _kept(PLANNED, stepped("pop", 1, "closed", AT), _found("anna@x.example", ""))
    assert (kept.step, kept.decision) == (stepped("pop", 1, "closed", AT).id, "anna@x.example")
    assert state_of("pop", SUNSET, kept, AT).step == kept.step


def test_a_switch_needs_stages_and_its_own_kind() -> None:
    text = '[sunset.pop]\nkind = "{}"\nbegins = 2027-01-01\nends = 2027-03-01\n{}[sunset.pop.switch.{}]\n'
    with pytest.raises(ValueError, match="a switch without a table `stages`"):
        parse(text.format("smtp_after_pop", "", "exim"), "test")
    with pytest.raises(ValueError, match=r"switch\.exim switches smtp_after_pop off, not old_tls"):
        parse(text.format("old_tls", "[sunset.pop.stages]\n", "exim"), "test")
    assert names() == ("command", "dovecot", "exim", "postfix_access", "postfix_policy", "webhook")
