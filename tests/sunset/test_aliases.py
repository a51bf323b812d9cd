"""A mailbox and its aliases are one, in looks, letters and exemptions."""

import msgspec
import pytest

from schemas.sunset_events import ClientUse, Use, UserDone, UserExempted, UserFound
from streams.directory import Account
from streams.sunset.aliases import joined
from streams.sunset.decide import Case, users
from streams.sunset.ledger import Ledger, take
from streams.sunset.look import Look
from streams.sunset.weeks import HOUR
from tests.sunset.scene import DAY, NAME, SUNSET, People, decided, letters_of, local, look, use

PEOPLE = People(Account(customer="acme", contact="it@acme.example"))
ANNA, ALIAS = "anna@acme.example", "anna.alias@acme.example"
TUESDAY = local("2027-02-02 09:00")


class _Apart(People):
    """The directory as it was before it knew that one is the alias of the other."""

    def __init__(self) -> None:
        super().__init__(Account(customer="acme", contact="it@acme.example"))

    def mailbox(self, address: str) -> str:
        return address

    def aliases(self, mailbox: str) -> tuple[str, ...]:  # noqa: ARG002 of none
        return ()


def _elsewhere(seen: Look, mailbox: str) -> Look:
    """Return the look with another address of this mailbox's client."""
    used = seen.uses[mailbox]
    client = msgspec.structs.replace(used.clients[0], ip="198.51.100.9")
    return msgspec.structs.replace(seen, uses={**seen.uses, mailbox: msgspec.structs.replace(used, clients=(client,))})


def test_what_is_seen_under_an_alias_is_the_mailboxes() -> None:
    seen = look(TUESDAY, [use(ALIAS, TUESDAY - HOUR), use(ANNA, TUESDAY - DAY)])
    one = joined(_elsewhere(seen, ALIAS), PEOPLE.mailbox)
    (found,) = users(Case(NAME, SUNSET, Ledger(), one, PEOPLE))
    assert isinstance(found, UserFound)
    assert (found.mailbox, found.use.messages, found.use.first, found.use.last) == (
        ANNA,
        6,
        TUESDAY - DAY,
        TUESDAY - HOUR,
    )
    assert [client.ip for client in found.use.clients] == ["198.51.100.9", "192.0.2.7"]


def test_two_names_behind_one_address_share_the_certainty_of_its_mails() -> None:
    seen = look(TUESDAY, [use(name, TUESDAY, confidence=0.5) for name in (ALIAS, ANNA)])
    (used,) = joined(msgspec.structs.replace(seen, weekly={ANNA: 2, ALIAS: 2}), PEOPLE.mailbox).uses.values()
    assert (used.mailbox, used.confidence, used.messages) == (ANNA, 1.0, 3)
    apart = joined(_elsewhere(seen, ALIAS), PEOPLE.mailbox).uses[ANNA]
    assert (apart.confidence, apart.messages) == (0.5, 6)


def _used(mailbox: str, confidence: float, **messages: int) -> Use:
    """Return a use with so many messages of each device, at the address of its name's last letter."""
    clients = tuple(
        ClientUse(ip=f"192.0.2.{name[-1]}", helo=name, messages=number, first=TUESDAY - DAY, last=TUESDAY - HOUR)
        for name, number in messages.items()
    )
    total = sum(messages.values())
    return Use(
        mailbox=mailbox,
        messages=total,
        first=TUESDAY - DAY,
        last=TUESDAY - HOUR,
        confidence=confidence,
        clients=clients,
    )


@pytest.mark.parametrize(
    ("one", "other", "confidence", "messages"),
    [
        (_used(ANNA, 0.1, pc1=30), _used(ALIAS, 1.0, own1=1), 0.1333, 30),
        (_used(ANNA, 0.83, pc1=5, pc2=10), _used(ALIAS, 0.83, pc1=5, pc3=10), 0.996, 25),
        (_used(ANNA, 0.9, pc1=10), _used(ALIAS, 0.9, own1=10), 0.9, 20),
        (_used(ANNA, 0.25, pc1=10), _used(ALIAS, 0.5, pc1=10), 0.75, 10),
        (_used(ANNA, 0.3, pc1=10), _used(ALIAS, 0.6, own2=20), 0.5, 30),
    ],
)
def test_names_share_only_the_mails_of_an_address_of_both(
    one: Use, other: Use, confidence: float, messages: int
) -> None:
    """What was not one mail is not: with more certainty than there are mails, they were several."""
    used = joined(look(TUESDAY, [one, other]), PEOPLE.mailbox).uses[ANNA]
    assert (used.confidence, used.messages) == (confidence, messages)


def test_a_strangers_device_at_an_address_of_two_names_is_not_told() -> None:
    strange = _used("n@other.example", 0.9, stranger1=30)
    seen = look(TUESDAY, [_used(ANNA, 0.1, stranger1=30), strange, _used(ALIAS, 1.0, own1=10)])
    told = letters_of(decided(Ledger(), joined(seen, PEOPLE.mailbox), PEOPLE))
    (letter,) = [letter for letter in told if letter.customer == "acme"]
    assert [(each.mailbox, each.confidence, each.clients) for each in letter.uses] == [(ANNA, 0.4333, ())]


def test_what_becomes_an_alias_of_a_mailbox_that_was_not_found_is_told_by_its_own_name() -> None:
    ledger = Ledger()
    decided(ledger, look(TUESDAY - 2 * DAY, [use(ALIAS, TUESDAY - 2 * DAY)]), _Apart())
    assert list(ledger.boxes) == [ALIAS]
    unsure = [use(name, TUESDAY - HOUR, confidence=0.1) for name in (ALIAS, ANNA)]
    (letter,) = letters_of(decided(ledger, joined(look(TUESDAY, unsure), PEOPLE.mailbox), PEOPLE))
    assert [(each.mailbox, each.messages) for each in letter.uses] == [(ALIAS, 3)]


def test_an_alias_that_is_seen_alone_is_its_mailbox_and_a_look_without_any_stays_as_it_is() -> None:
    seen = msgspec.structs.replace(look(TUESDAY, [use(ALIAS, TUESDAY)]), weekly={ALIAS: 2})
    one = joined(seen, PEOPLE.mailbox)
    assert (list(one.uses), one.messages(ANNA), one.messages(ALIAS)) == ([ANNA], 2, 0)
    plain = look(TUESDAY, [use(ANNA, TUESDAY)])
    assert joined(plain, PEOPLE.mailbox).uses is plain.uses


def test_what_was_found_before_it_was_known_to_be_an_alias_is_named_once_and_done_with_its_mailbox() -> None:
    ledger = Ledger()
    both = look(TUESDAY - HOUR, [use(name, TUESDAY - HOUR) for name in (ALIAS, ANNA)])
    decided(ledger, both, PEOPLE)
    assert set(ledger.boxes) == {ALIAS, ANNA}
    later = joined(look(TUESDAY, [use(ALIAS, TUESDAY - HOUR)]), PEOPLE.mailbox)
    (letter,) = letters_of(decided(ledger, later, PEOPLE))
    assert [each.mailbox for each in letter.uses] == [ANNA]
    at = TUESDAY + 9 * DAY
    goes_on = joined(look(at, [use(ALIAS, at - HOUR)]), PEOPLE.mailbox)
    assert not [event for event in decided(ledger, goes_on, PEOPLE) if isinstance(event, UserDone)]


def test_who_is_exempt_is_so_under_each_of_his_names() -> None:
    for subject in (ANNA, ALIAS):
        ledger = Ledger()
        take(ledger, UserExempted(id="x", at=TUESDAY, sunset=NAME, subject=subject, reason="a fax"))
        for seen in (ANNA, ALIAS):
            assert letters_of(decided(ledger, look(TUESDAY, [use(seen, TUESDAY)]), PEOPLE)) == []
