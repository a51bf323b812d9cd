"""What is left of a letter when it goes: who is exempt, done or back since it was decided is not in it."""

import pytest

from schemas.sunset_events import LetterDue, LetterKind, UserExempted
from streams.directory import Account
from streams.letter_claims import Claim, may
from streams.letter_wanted import still, unwanted
from streams.sunset.ledger import Ledger, take
from streams.sunset.written import Box
from tests.sunset.scene import DAY, SUNSET, People, local, use


class Sold(People):
    """All mailboxes are another customer's by now."""

    def of(self, mailbox: str) -> Account:  # noqa: ARG002 whichever it is
        return Account(customer="buyer")


AT = local("2027-02-02 10:00")
ACME = People(Account(customer="acme"))
A, B, C = "a@acme.example", "b@acme.example", "c@acme.example"


def _letter(*, thanks: bool = False) -> LetterDue:
    uses = () if thanks else (use(A, AT), use(B, AT))
    kind: LetterKind = "thanks" if thanks else "letter"
    return LetterDue(id="l", at=AT, sunset="pop", customer="acme", kind=kind, due=AT, uses=uses, thanked=(C,))


def _ledger(*exempt: str, **done: int) -> Ledger:
    boxes = {
        name: Box(customer="acme", language="de", found=1, last=1, kept=b"", done=done.get(name[0], 0))
        for name in (A, B, C)
    }
    ledger = Ledger(boxes=boxes)
    for subject in exempt:
        take(ledger, UserExempted(id=subject, at=AT, sunset="pop", subject=subject, until="2027-02-10"))
    return ledger


@pytest.mark.parametrize(
    ("ledger", "named", "thanked"),
    [
        (Ledger(), [A, B], [C]),
        (_ledger(c=5), [A, B], [C]),
        (_ledger(b=5, c=5), [A], [C]),
        (_ledger(A, c=5), [B], [C]),
        (_ledger(), [A, B], []),
        (_ledger("@acme.example", c=5), [], []),
        (_ledger("acme", c=5), [], []),
        (_ledger("a.alias@acme.example", c=5), [B], [C]),
        (_ledger("c.alias@acme.example", c=5), [A, B], []),
    ],
)
def test_who_is_exempt_done_or_back_is_not_in_it(ledger: Ledger, named: list[str], thanked: list[str]) -> None:
    left = still(_letter(), SUNSET, ledger, AT + DAY, ACME)
    assert ([each.mailbox for each in left.uses], list(left.thanked)) == (named, thanked)


@pytest.mark.parametrize(
    ("thanks", "ledger", "later", "why"),
    [
        (False, _ledger(c=5), DAY, ""),
        (False, _ledger(a=5, b=5), DAY, "all its mailboxes are exempt or done by now"),
        (False, _ledger(a=5, b=5, c=5), DAY, ""),
        (False, _ledger(a=5, b=5, c=5), 4 * DAY + 1, "it was due on 2027-02-02T09:00:00+00:00, more than 4 days ago"),
        (True, _ledger(c=5), DAY, ""),
        (True, _ledger(), DAY, "all it thanks for are exempt or back"),
        (False, _ledger("acme"), 4 * DAY, "all its mailboxes are exempt or done by now"),
        (False, _ledger(), 4 * DAY, ""),
        (False, _ledger(), 4 * DAY + 1, "it was due on 2027-02-02T09:00:00+00:00, more than 4 days ago"),
        (False, _ledger(), 60 * DAY, "it did not go before 2027-03-22, when it ended"),
    ],
)
def test_why_a_letter_is_withdrawn(thanks: bool, ledger: Ledger, later: int, why: str) -> None:  # noqa: FBT001
    assert unwanted(_letter(thanks=thanks), SUNSET, ledger, AT + later, ACME) == why


def test_a_claim_holds_until_its_desk_has_not_tried_for_two_hours() -> None:
    mine = Claim("one", AT)
    assert may(None, mine)
    assert may(mine, Claim("one", AT + 1))
    assert not may(mine, Claim("two", AT + DAY // 12))
    assert may(mine, Claim("two", AT + DAY // 12 + 1))


def test_of_a_letter_that_has_nobody_left_to_ask_the_thanks_go() -> None:
    left = still(_letter(), SUNSET, _ledger(a=5, b=5, c=5), AT + DAY, ACME)
    assert (left.kind, left.number, left.uses, left.thanked) == ("thanks", 0, (), (C,))


def test_whose_a_mailbox_is_counts_when_the_letter_goes() -> None:
    """The customer was another when the letter was decided: neither he nor today's is written to while exempt."""
    ledger = _ledger("buyer", c=5)
    assert still(_letter(), SUNSET, ledger, AT + DAY, ACME).uses != ()
    assert still(_letter(), SUNSET, ledger, AT + DAY, Sold()).uses == ()
    assert still(_letter(), SUNSET, _ledger("acme", c=5), AT + DAY, None).uses == (), (
        "all that is known is the letter's"
    )
