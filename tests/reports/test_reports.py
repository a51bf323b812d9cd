"""What reports say: in each language, with nothing of others, and with no text of a stranger as more than a text."""

import re
from html.parser import HTMLParser
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader

from schemas.delisting_events import Outcome
from schemas.domain_events import CustomerDomainChecked, DomainCheck, DomainOutcome
from schemas.mailbox_events import MailboxFlagged, MailboxReleased, MailboxSuspended, MailboxThrottled
from schemas.reasons import NAMES
from schemas.report_settings import Audience
from schemas.sunset_settings import SunsetKind
from streams.directory import Account
from streams.notices import LANGUAGES, Language
from streams.reports.charts import drawn, png
from streams.reports.choosing import addressees
from streams.reports.document import Chart, Document, Series, Table
from streams.reports.figures import Cases, Checked, Counts, Domains, Figures, Heard, Step, Traffic
from streams.reports.pdf import pdf
from streams.reports.periods import named, slots
from streams.reports.reading import text
from streams.reports.words import Tongue, sentences
from tests.mailed_reports import IDENTITY, made_up, mail_of, parts, written
from tests.mailed_reports import settings as report_settings

AUDIENCES: tuple[Audience, ...] = ("noc", "management", "customer")
HOSTILE = '"><img src=x onerror="hurt()"><a href="https://evil.example">x</a>{{ 7 * 7 }}\r\nBcc: all@evil.example\u202e'
PERIOD = named(written("noc", "en")[2].rhythm, "2026-W47")
_FIELD = re.compile(r"\{(\w*)\}")


class _Tags(HTMLParser):
    """Collects what an HTML page is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.alts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in {"src", "href"}]
        self.alts += [value or "" for name, value in attrs if name == "alt"]


def test_every_language_has_the_same_sentences_with_the_same_values() -> None:
    def shape(language: Language) -> dict[str, set[str]]:
        found = sentences(language)
        return {name: set(_FIELD.findall("".join(each))) for name, each in found.items()}

    assert all(shape(language) == shape("en") for language in LANGUAGES)


def test_every_sentence_is_said_somewhere() -> None:
    folder = Path(__file__).parents[2] / "streams" / "reports"
    code = "".join(path.read_text() for path in folder.rglob("*.py") if path.parent.name != "words")
    made = ("title_", "outcome_", "result_", "mailbox_", "smtp_after_pop", "cleartext_login", "old_tls")
    assert [name for name in sentences("en") if f'"{name}"' not in code and not name.startswith(made)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_value_that_words_are_looked_up_by_has_its_words(language: Language) -> None:
    steps = (MailboxFlagged, MailboxThrottled, MailboxSuspended, MailboxReleased)
    names = [
        *(f"title_{each}" for each in get_args(Audience)),
        *(f"outcome_{each}" for each in get_args(Outcome)),
        *(f"result_{each}" for each in get_args(DomainOutcome)),
        *get_args(SunsetKind),
        *(str(each.__struct_config__.tag) for each in steps),
    ]
    assert len(names) == 3 + 4 + 6 + 3 + 4
    assert [name for name in names if name not in sentences(language)] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("audience", AUDIENCES)
def test_mail_html_and_pdf_say_the_same(audience: Audience, language: Language) -> None:
    document, poster, to = written(audience, language)
    mail = mail_of(document, poster, to)
    (plain,), (page,), (attached,) = (parts(mail, kind) for kind in ("text/plain", "text/html", "application/pdf"))
    read = PdfReader(BytesIO(attached.get_content()))
    told = _letters("".join(each.extract_text() for each in read.pages))
    for section in document.sections:
        for block in section.blocks:
            for cell in chain(block.head, *block.rows) if isinstance(block, Table) else ():
                assert _letters(cell) in _letters(plain.get_content())
                assert _letters(cell) in told
    assert len(read.pages) >= 2
    assert Tongue(language, "UTC").say("page", page=1, pages=len(read.pages)) in read.pages[0].extract_text()
    assert read.metadata is not None
    assert read.metadata.title == document.subject
    pictures = parts(mail, "image/png")
    assert _Tags(page.get_content()).links == [f"cid:{each['Content-ID'].strip('<>')}" for each in pictures]
    assert _Tags(page.get_content()).alts == [chart.alt for chart in document.charts]
    assert all(each.get_content_disposition() == "inline" for each in pictures)
    assert attached.get_content_disposition() == "attachment"


def _letters(words: str) -> str:
    """Return a text without blanks and breaks, which each form has elsewhere."""
    return "".join(words.split())


def test_a_mail_is_the_same_bytes_each_time() -> None:
    document, poster, to = written("noc", "de")
    assert mail_of(document, poster, to).as_bytes() == mail_of(document, poster, to).as_bytes()
    again = msgspec.json.decode(msgspec.json.encode(document), type=Document)
    assert again == document, "the letterbox keeps it so"


def test_a_chart_is_a_picture_with_grey_where_nothing_is_known() -> None:
    chart = Chart(
        title="t",
        alt="a",
        labels=("1", "2", "3"),
        series=(Series("sent", "delivered", (5.0, 0.0, 10.0)),),
        unknown=(1,),
        unknown_label="no data",
    )
    picture = Image.open(BytesIO(png(chart, Tongue("en", "UTC"))))
    assert picture.size == (1120, 540)
    colours = {colour: count for count, colour in picture.convert("RGB").getcolors(1 << 24) or []}
    blue, grey = colours[0x4C, 0x8D, 0xB8], colours[0xD5, 0xDA, 0xDF]
    assert (blue > 30_000, grey > 30_000, colours[255, 255, 255] > 200_000) == (True, True, True)


@pytest.mark.parametrize("audience", AUDIENCES)
def test_where_no_log_was_read_nothing_looks_like_zero(audience: Audience) -> None:
    document, _, _ = written(audience, "en", Figures())
    assert document.stale
    assert document.charts == []
    words = text(document)
    assert "No log of this period was read" in words
    assert re.search(r"\b0\b", words.replace("+41 44 000 00 00", "")) is None
    assert "No mailbox stood out" not in words
    assert document.sections[-1].blocks[0].text == "The domains are not looked at (domains.enabled = false)."  # type: ignore[union-attr]


def test_the_age_of_the_data_stands_on_top() -> None:
    period = PERIOD
    bars = frozenset(slots(period))
    for heard, words in (
        (Heard(newest=period.until, slots=bars), "The data reaches to 23 Nov 2026, 00:00 CET, beyond the end"),
        (Heard(newest=period.until - 1, slots=bars), "The data ends on 22 Nov 2026, 23:59 CET. What happened"),
        (Heard(newest=period.until, slots=frozenset(list(bars)[:5])), "For 2 days of this period no log was read"),
    ):
        assert written("noc", "en", Figures(heard=heard))[0].age.startswith(words)


def test_what_is_not_all_is_not_called_all() -> None:
    tongue = Tongue("en", "UTC")
    assert [tongue.percent(each) for each in (1.0, 0.99999, 0.9, None)] == ["100.0%", "99.9%", "90.0%", "\N{EN DASH}"]


def test_of_a_reason_that_this_release_does_not_know_the_count_is_kept() -> None:
    period = PERIOD
    traffic = Traffic(
        providers={"google": Counts(1, 0, 3)}, reasons={"user_unknown": Counts(0, 0, 1), "odd": Counts(0, 0, 2)}
    )
    document, _, _ = written(
        "noc", "en", Figures(heard=Heard(newest=period.until, slots=frozenset(slots(period))), traffic=traffic)
    )
    (table,) = [each for each in document.sections[0].blocks if isinstance(each, Table) and "Reason" in each.head]
    assert [row[1] for row in table.rows] == ["2", "1"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_its_words(language: Language) -> None:
    figures = made_up(PERIOD)
    reasons = {name: Counts(0, 1, 1) for name in NAMES}
    traffic = msgspec.structs.replace(figures.traffic, reasons=reasons)
    for audience in AUDIENCES:
        document, _, _ = written(audience, language, msgspec.structs.replace(figures, traffic=traffic))
        assert len(text(document)) > 1000


@settings(max_examples=15, deadline=None)
@given(st.text(min_size=1, max_size=60) | st.just(HOSTILE))
def test_no_name_of_a_stranger_is_more_than_a_text(name: str) -> None:
    period = PERIOD
    figures = made_up(period, own=True)
    hostile = msgspec.structs.replace(
        figures,
        traffic=msgspec.structs.replace(figures.traffic, providers={name: Counts(9, 1, 1)}),
        cases=Cases(steps=(Step(name, period.since, "mailbox_suspended", "enforce"),)),
        domains=Domains(unseen=(name,)),
    )
    usual, hurt = (
        mail_of(*written("customer", "en", each, name=called, pdf=False))
        for each, called in ((figures, "x"), (hostile, name))
    )
    pages = [_Tags(parts(mail, "text/html")[0].get_content()) for mail in (usual, hurt)]
    assert pages[1].tags <= pages[0].tags
    assert pages[1].attributes <= pages[0].attributes
    assert all(link.startswith("cid:") for link in pages[1].links)
    assert set(hurt.keys()) == set(usual.keys())
    assert "Bcc" not in hurt
    assert "https://evil" not in parts(hurt, "text/html")[0].get_content()
    document, _, _ = written("customer", "en", hostile, name=name)
    assert b"%PDF-1" in pdf(document, drawn(document), period.due)


def test_the_number_of_pages_is_in_no_name_of_a_stranger() -> None:
    """fpdf2 replaces `{nb}` by it wherever that stands."""
    named_so = Traffic(providers={"{nb}.evil.example": Counts(9, 1, 1)})
    document, _, _ = written("noc", "en", msgspec.structs.replace(made_up(PERIOD), traffic=named_so))
    pages = PdfReader(BytesIO(pdf(document, drawn(document), PERIOD.due))).pages
    assert "{nb}.evil.example" in "".join(page.extract_text() for page in pages)
    assert f"Page 1 of {len(pages)}" in pages[0].extract_text()


def test_of_ten_thousand_domains_the_worst_are_shown_and_how_many_are_not_is_said() -> None:
    spf = DomainCheck(name="spf", outcome="absent", code="spf_absent", text="", publish="v=spf1 -all")
    names = [f"d{number:05}.example" for number in range(10_000)]
    looks = tuple(CustomerDomainChecked(id=n, at=1, domain=n, outcome="absent", checks=(spf,)) for n in names)
    seen = tuple(Checked(name, "absent", "pass", "absent", "pass", "pass") for name in names)
    domains = Domains(seen=seen, looks=looks, unseen=tuple(names))
    document, _, _ = written("customer", "en", msgspec.structs.replace(made_up(PERIOD, own=True), domains=domains))
    words = text(document)
    assert words.count("please publish v=spf1") == 20
    assert "What to change at 9,980 more domains is not shown: please ask us." in words
    assert "9,980 more rows are not shown." in words
    assert "10,000 domains were not looked at yet: d00000.example" in " ".join(words.split())
    assert len(msgspec.json.encode(document)) < 30_000
    assert len(pdf(document, drawn(document), PERIOD.due)) < 500_000


def test_a_customer_chooses_hours_zone_and_language_by_his_flag() -> None:
    report, _ = report_settings("customer", flag="report", hours=[7])
    accounts = [
        Account(customer="a", contact="a@a.example", flags=("report", "vip")),
        Account(customer="b", contact="b@b.example", flags=("report:9:Europe/Rome",), language="it"),
        Account(customer="c", contact="c@c.example", flags=("reports",)),
        Account(customer="d", contact="d@d.example", flags=("report:25",)),
        Account(customer="e", contact="", flags=("report::Mars/Base",)),
        Account(customer="f", contact="f@f.example", flags=("report:7+19",), language="xx"),
        Account(customer="g", contact="g@g.example", flags=("report::Mars/Base",)),
    ]
    found = {each.customer: each for each in addressees(report, accounts)}
    assert {
        name: (each.rhythm.hours, each.rhythm.timezone, each.language, each.problem) for name, each in found.items()
    } == {
        "a": ((7,), "Europe/Zurich", "en", ""),
        "b": ((9,), "Europe/Rome", "it", ""),
        "d": ((7,), "Europe/Zurich", "en", "flag 'report:25': '25' are no hours of a day, such as 7 or 7+19"),
        "e": ((7,), "Europe/Zurich", "en", "has no contact"),
        "f": ((7,), "Europe/Zurich", "en", "flag 'report:7+19': '7+19': a weekly report goes once"),
        "g": ((7,), "Europe/Zurich", "en", "flag 'report::Mars/Base': 'Mars/Base' is no time zone of the tz database"),
    }
    twice, _ = report_settings("customer", flag="report", every="daily")
    assert [each.rhythm.hours for each in addressees(twice, accounts) if each.customer == "f"] == [(7, 19)]


def test_the_message_id_of_a_picture_is_its_mails() -> None:
    mail = mail_of(*written("noc", "en"))
    names = [each["Content-ID"] for each in parts(mail, "image/png")]
    assert names == [f"<chart{number}.{IDENTITY.strip('<>')}>" for number in (1, 2, 3)]
