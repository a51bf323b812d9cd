"""Who is found, done and back; what is unheard is neither; the counts of a day."""

import msgspec
import pytest

from schemas.sunset_events import SunsetCounted, UserDone, UserExempted, UserFound
from streams.directory import Account
from streams.sunset.decide import Case, counts, users
from streams.sunset.ledger import Ledger, take
from tests.sunset.scene import DAY, NAME, SUNSET, People, decided, local, look, use

ACME = Account(customer="acme", name="Acme AG", contact="it@acme.example", language="fr")
PEOPLE = People(ACME, Account(customer="solo", contact="me@solo.example", language="ro"))
NOON = local("2027-02-03 12:00")


def _case(ledger: Ledger, at: int, *uses: object, missing: dict[str, frozenset[str]] | None = None) -> Case:
    found = [each for each in uses if not isinstance(each, str)]
    return Case(NAME, SUNSET, ledger, look(at, found, missing), PEOPLE)  # type: ignore[arg-type]


def test_a_user_is_found_once_with_his_customer_and_a_language_that_letters_have() -> None:
    ledger = Ledger()
    seen = use("a@acme.example", NOON - DAY)
    (event,) = users(_case(ledger, NOON, seen))
    assert event == UserFound(
        id=event.id, at=NOON, sunset=NAME, mailbox="a@acme.example", customer="acme", language="fr", use=seen
    )
    take(ledger, event)
    assert list(users(_case(ledger, NOON + DAY, seen))) == []
    others = list(users(_case(ledger, NOON, use("b@solo.example", NOON), use("c@nobody.example", NOON))))
    assert [(each.customer, each.language) for each in others if isinstance(each, UserFound)] == [
        ("solo", "de"),
        ("@nobody.example", "de"),
    ]


def test_who_may_have_been_another_or_was_seen_long_ago_is_not_found() -> None:
    unsure = use("a@acme.example", NOON, confidence=0.29)
    past = use("b@acme.example", local("2027-01-26 23:59"))
    assert list(users(_case(Ledger(), NOON, unsure, past))) == []
    assert len(list(users(_case(Ledger(), NOON, use("b@acme.example", local("2027-01-27 00:00")))))) == 1


def test_an_office_behind_one_address_is_found_by_its_customer_though_each_of_its_mailboxes_is_unsure() -> None:
    office = [use(f"{name}@acme.example", NOON, confidence=0.2) for name in "abcd"]
    others = [use("x@solo.example", NOON, confidence=0.2)]
    found = list(users(_case(Ledger(), NOON, *office, *others)))
    assert [each.mailbox for each in found if isinstance(each, UserFound)] == [each.mailbox for each in office]
    apart = [
        msgspec.structs.replace(each, clients=(msgspec.structs.replace(each.clients[0], ip=f"192.0.2.{number}"),))
        for number, each in enumerate(office)
    ]
    assert list(users(_case(Ledger(), NOON, *apart))) == [], "of each address it may have been anybody"


def test_what_may_have_been_another_keeps_open_who_is_and_brings_back_nobody() -> None:
    ledger = _found("2027-02-03 12:00")
    unsure = use("a@acme.example", local("2027-02-10 09:00"), confidence=0.25)
    assert list(users(_case(ledger, local("2027-02-11 00:00"), unsure))) == []
    (done,) = users(_case(ledger, local("2027-02-18 00:00"), unsure))
    assert isinstance(done, UserDone)
    assert done.last == unsure.last
    take(ledger, done)
    later = use("a@acme.example", local("2027-02-18 09:00"), confidence=0.25)
    assert list(users(_case(ledger, local("2027-02-18 10:00"), later))) == []


def test_a_customer_is_not_taken_for_a_domain_or_a_login_of_nobody() -> None:
    class Named(People):
        def of(self, mailbox: str) -> Account | None:
            return Account(customer="corp.example") if mailbox == "owner@corp.example" else None

    uses = [use(name, NOON) for name in ("owner@corp.example", "other@corp.example", "corp.example")]
    seen = look(NOON, uses)
    found = list(users(Case(NAME, SUNSET, Ledger(), seen, Named())))
    assert [each.customer for each in found if isinstance(each, UserFound)] == [
        "corp.example",
        "@corp.example",
        "corp.example@",
    ]


def _found(last: str) -> Ledger:
    ledger = Ledger()
    decided(ledger, look(local(last), [use("a@acme.example", local(last))]), PEOPLE)
    return ledger


def test_a_mailbox_is_done_after_seven_whole_days_on_which_its_logs_were_read() -> None:
    ledger = _found("2027-02-03 12:00")
    assert list(users(_case(ledger, local("2027-02-10 23:59")))) == []
    (done,) = users(_case(ledger, local("2027-02-11 00:00")))
    assert isinstance(done, UserDone)
    assert (done.mailbox, done.customer, done.language) == ("a@acme.example", "acme", "fr")
    assert (done.last, done.quiet_days) == (NOON, 7)


def test_one_unread_day_of_one_host_keeps_it_open_until_seven_days_were_read_on_end() -> None:
    ledger = _found("2027-02-03 12:00")
    missing = {"2027-02-06": frozenset({"mx2"})}
    assert list(users(_case(ledger, local("2027-02-13 23:00"), missing=missing))) == []
    assert len(list(users(_case(ledger, local("2027-02-14 00:00"), missing=missing)))) == 1


def test_when_it_was_last_seen_is_told_though_that_is_before_the_look() -> None:
    ledger = _found("2027-02-03 12:00")
    later = local("2027-02-05 18:00")
    seen = msgspec.structs.replace(
        look(local("2027-02-20 12:00")), earlier={"a@acme.example": use("a@acme.example", later)}
    )
    (done,) = users(Case(NAME, SUNSET, ledger, seen, PEOPLE))
    assert isinstance(done, UserDone)
    assert done.last == later


def _doubtful(ledger: Ledger, switched: str, sure: str, confidence: float = 0.1) -> list[UserDone]:
    """Return who is done on 20 February, while neighbours go on: `sure` is when it was he for the last time."""
    at = local("2027-02-20 12:00")
    seen = use("a@acme.example", at - DAY, confidence=confidence, switched=local(switched))
    known = msgspec.structs.replace(look(at, [seen]), sure={"a@acme.example": local(sure)} if sure else {})
    return [each for each in users(Case(NAME, SUNSET, ledger, known, PEOPLE)) if isinstance(each, UserDone)]


def test_who_switched_is_done_though_uses_that_may_be_his_neighbours_go_on() -> None:
    (done,) = _doubtful(_found("2027-02-03 12:00"), "2027-02-19 08:00", "2027-02-10 09:00")
    assert (done.last, done.switched) == (local("2027-02-10 09:00"), local("2027-02-19 08:00"))
    (done,) = _doubtful(_found("2027-02-03 12:00"), "2027-02-19 08:00", "")
    assert done.last == local("2027-02-03 12:00")
    ledger = _found("2027-02-03 12:00")
    take(ledger, done)
    at = local("2027-02-20 13:00")
    seen = use("a@acme.example", at, confidence=0.1, switched=at)
    assert list(users(Case(NAME, SUNSET, ledger, look(at, [seen]), PEOPLE))) == [], "a neighbour brings nobody back"


@pytest.mark.parametrize(
    ("switched", "sure", "confidence"),
    [
        ("2027-02-09 08:00", "2027-02-10 09:00", 0.1),
        ("2027-02-03 11:59", "", 0.1),
        ("2027-02-19 08:00", "2027-02-13 00:00", 0.1),
        ("2027-02-19 08:00", "2027-02-10 09:00", 0.3),
    ],
)
def test_who_was_it_himself_lately_or_after_he_switched_is_not(switched: str, sure: str, confidence: float) -> None:
    assert _doubtful(_found("2027-02-03 12:00"), switched, sure, confidence) == []


def test_where_it_was_not_asked_who_it_was_surely_nobody_is_done_by_that() -> None:
    at = local("2027-02-20 12:00")
    seen = use("a@acme.example", at - DAY, confidence=0.1, switched=at)
    assert list(users(_case(_found("2027-02-03 12:00"), at, seen))) == []


def test_an_office_whose_uses_are_likely_its_own_is_not_done_by_a_switch() -> None:
    at = local("2027-02-20 12:00")
    names = [f"{letter}@acme.example" for letter in "abcd"]
    uses = [use(name, at - DAY, confidence=0.1, switched=at) for name in names]
    known = msgspec.structs.replace(look(at, uses), sure={})
    told = [type(each) for each in users(Case(NAME, SUNSET, _found("2027-02-03 12:00"), known, PEOPLE))]
    assert UserDone not in told


def test_a_mailbox_that_was_sold_is_the_buyers_where_it_is_done_and_counted() -> None:
    ledger = _found("2027-02-03 12:00")
    ledger.boxes["a@acme.example"].customer = "seller"
    (done,) = [each for each in users(_case(ledger, local("2027-02-20 12:00"))) if isinstance(each, UserDone)]
    assert done.customer == "acme"
    decided(ledger, look(local("2027-02-04 12:00"), [use("b@acme.example", NOON)]), PEOPLE)
    (counted,) = counts(_case(ledger, local("2027-02-05 12:00")))
    assert (counted.open, counted.customers) == (2, 1), "both are acme's"


def test_nothing_is_done_where_no_host_is_known_to_carry_anything() -> None:
    ledger = _found("2027-02-03 12:00")
    seen = msgspec.structs.replace(look(local("2027-02-20 12:00")), carriers=frozenset())
    assert list(users(Case(NAME, SUNSET, ledger, seen, PEOPLE))) == []


def test_who_relapses_is_back_and_done_again_later() -> None:
    ledger = _found("2027-02-03 12:00")
    decided(ledger, look(local("2027-02-11 01:00")), PEOPLE)
    old = use("a@acme.example", NOON)
    assert list(users(_case(ledger, local("2027-02-11 02:00"), old))) == [], "its last use is known already"
    back = use("a@acme.example", local("2027-02-12 08:00"))
    (found,) = users(_case(ledger, local("2027-02-12 09:00"), back))
    assert isinstance(found, UserFound)
    assert found.relapse
    take(ledger, found)
    (again,) = users(_case(ledger, local("2027-02-20 00:00"), back))
    assert isinstance(again, UserDone)
    assert again.last == back.last


def test_a_day_is_counted_once_for_each_language() -> None:
    ledger = Ledger()
    exempt = UserExempted(id="x", at=NOON, sunset=NAME, subject="@solo.example", until="2027-02-03", reason="a fax")
    take(ledger, exempt)
    uses = [use(name, NOON - DAY) for name in ("a@acme.example", "b@acme.example", "c@solo.example")]
    for event in users(_case(ledger, NOON, *uses)):
        take(ledger, event)
    missing = {"2027-02-01": frozenset({"mx1"}), "2027-02-03": frozenset({"mx1"})}
    told = list(counts(_case(ledger, NOON, *uses, missing=missing)))
    assert [
        (each.language, each.found, each.open, each.done, each.exempt, each.customers, each.messages, each.unheard)
        for each in told
    ] == [("de", 1, 0, 0, 1, 0, 3, 1), ("fr", 2, 2, 0, 0, 1, 6, 1)]
    take(ledger, told[0])
    assert [each.language for each in counts(_case(ledger, NOON, *uses))] == ["fr"], "what a crash left out"
    take(ledger, told[1])
    assert list(counts(_case(ledger, NOON + 1, *uses))) == []
    (next_day, _) = counts(_case(ledger, local("2027-02-04 00:00"), *uses))
    assert (next_day.day, next_day.open, next_day.exempt) == ("2027-02-04", 1, 0), "the exemption has ended"


def test_a_sunset_without_users_is_counted_too() -> None:
    (only,) = counts(_case(Ledger(), NOON))
    assert (only.day, only.language, only.found) == ("2027-02-03", "de", 0)
    assert isinstance(only, SunsetCounted)
