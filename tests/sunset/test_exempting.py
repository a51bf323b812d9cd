"""Exemptions: what is a subject, in which spelling it is kept, whom it covers, and that only what is exempt can end."""

import re
from datetime import date
from pathlib import Path

import pytest

from schemas.directory_settings import CsvDirectory
from schemas.settings import Settings
from schemas.sunset_events import UserExempted
from schemas.sunset_settings import Sunset
from streams.sunset.ledger import Ledger, take
from streams.sunset.written import Box
from streams.sunset_exempting import Order, accounts_of, covered, ended, exempted, exemptions, told

AT = 1_801_000_000_000_000  # 2027-01-26
SETTINGS = Settings.model_validate(
    {
        "customers": {"acme": {"mailboxes": ["acme.example"]}, "sold": {"mailboxes": ["c@acme.example"]}},
        "sunset": {"pop": Sunset(kind="smtp_after_pop", begins=date(2027, 1, 4), ends=date(2027, 3, 1))},
    }
)


def _order(subject: str, until: str = "", reason: str = "moves away") -> Order:
    return Order("pop", subject, reason, "ada", AT, until)


def _ledger(*exempt: str) -> Ledger:
    names = {
        "a@acme.example": "acme",
        "b@acme.example": "acme",
        "c@acme.example": "acme",
        "info@bücher.example": "books",
        "x@solo.example": "s",
    }
    boxes = {name: Box(customer=customer, language="en", found=1, last=1, kept=b"") for name, customer in names.items()}
    ledger = Ledger(boxes=boxes)
    for subject in exempt:
        take(ledger, exempted(SETTINGS, _order(subject)))
    return ledger


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (" ANNA@Alpha.Example ", "anna@alpha.example"),
        ("@shared.example.", "@shared.example"),
        ("@Bücher.example", "@xn--bcher-kva.example"),
        ("@xn--bcher-kva.example", "@xn--bcher-kva.example"),
        ("acme", "acme"),
    ],
)
def test_a_subject_is_kept_in_its_one_spelling(given: str, kept: str) -> None:
    assert exempted(SETTINGS, _order(given)).subject == kept


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("anna@alpha.example\x1b[2J", "holds a sign that is no text"),
        ("anna smith@alpha.example", "'anna smith@alpha.example' is no address"),
        ("anna@", "'anna@' is no address"),
        ("@no_domain", "'no_domain' is no domain"),
        ("nobody", "'nobody' is no mailbox, no @domain, and no customer of the directory"),
    ],
)
def test_what_can_be_no_subject_is_refused(given: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        exempted(SETTINGS, _order(given))


def test_whom_an_exemption_covers_is_told_also_where_that_is_nobody() -> None:
    """A mailbox that was acme's when it was found is another's today: that counts, as in letters."""
    ledger = _ledger("acme", "@bücher.example", "nobody@exmaple.net")
    accounts = accounts_of(SETTINGS)
    assert list(exemptions(ledger, accounts)) == [
        {"subject": "@xn--bcher-kva.example", "until": "it ends", "covers": 1},
        {"subject": "acme", "until": "it ends", "covers": 2},
        {"subject": "nobody@exmaple.net", "until": "it ends", "covers": "nobody found so far"},
    ]
    event = exempted(SETTINGS, _order("nobody@exmaple.net", "2027-02-01"))
    assert told(event, covered(ledger, accounts, event.subject)) == (
        "nobody@exmaple.net is exempt from pop until 2027-02-01, by ada: moves away; covers no mailbox found so far"
    )
    assert ledger.exempt("info@bücher.example", "books", "2027-02-01")
    assert ledger.exempt("info@xn--bcher-kva.example", "books", "2027-02-01")
    assert not ledger.exempt("x@solo.example", "s", "2027-02-01")


def test_an_exemption_by_an_alias_covers_the_mailbox_and_without_a_directory_nobody_knows_whom(tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    settings = SETTINGS.model_copy(update={"directory": CsvDirectory(kind="csv", path=path)})
    ledger = _ledger("fax@acme.example")
    assert accounts_of(settings) is None
    assert [row["covers"] for row in exemptions(ledger, None)] == ["unknown"]
    event = exempted(settings, _order("fax@acme.example"))
    assert told(event, covered(ledger, None, event.subject)).endswith(
        "; whom it covers is not known: the directory cannot be read"
    )
    path.write_text("address,mailbox,customer\na@acme.example,,acme\nfax@acme.example,a@acme.example,acme\n")
    assert [row["covers"] for row in exemptions(ledger, accounts_of(settings))] == [1]


def test_only_what_is_exempt_can_be_exempt_no_longer() -> None:
    ledger = _ledger("anna@alpha.example", "@bücher.example")
    take(ledger, ended(_order("ANNA@alpha.example."), ledger))
    take(ledger, ended(_order("@BÜCHER.example"), ledger))
    assert ledger.exemptions == {}
    with pytest.raises(
        ValueError, match=r"'never@was' is no|'never@was.example' is not exempt from pop; exempt is noth"
    ):
        ended(_order("never@was.example"), ledger)


def test_an_exemption_that_was_written_in_another_spelling_can_be_ended() -> None:
    ledger = Ledger()
    take(ledger, UserExempted(id="e", at=1, sunset="pop", subject="@Old.Example"))
    take(ledger, ended(_order("@Old.Example"), ledger))
    assert ledger.exemptions == {}
