"""Letters of a sunset: what they say in each language, and that no text of a stranger becomes more than a text."""

from email import message_from_bytes, policy
from html.parser import HTMLParser
from itertools import pairwise, product
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.sunset_events import ClientUse, LetterDue, Use
from schemas.sunset_settings import SunsetKind
from streams.letters import host_shown
from streams.letters.examples import example, examples
from streams.letters.heads import recipient_of
from streams.letters.programs import PROGRAMS
from streams.letters.sound import sound
from streams.letters.writing import Letters, message_id
from streams.notice_files import built_in
from streams.notices import LANGUAGES, Language
from tests.sunset_letters import NAME, letters, parts, sunset

BUILT_IN = built_in("streams.letters")
KINDS: tuple[SunsetKind, ...] = get_args(SunsetKind)
SPRING = 1_806_195_600_000_000  # 2027-03-28 01:00 UTC: the clocks of Zurich go from 02:00 to 03:00
AUTUMN = 1_824_944_400_000_000  # 2027-10-31 01:00 UTC: they go from 03:00 back to 02:00
MINUTE = 60_000_000


def _due(language: Language = "en", *uses: Use, **more: object) -> LetterDue:
    made, _ = sunset()
    changes = {"uses": uses, **more} if uses else more
    return msgspec.structs.replace(example(made, NAME, "customer@example.net", language), **changes)


def _use(mailbox: str = "info@example.net", *clients: ClientUse, last: int = SPRING) -> Use:
    return Use(mailbox=mailbox, messages=3, last=last, confidence=1.0, clients=clients)


def test_every_template_is_there_in_every_language() -> None:
    names = {*KINDS, "thanks", "uses", "enter", "closing", *(f"programs/{name}" for name in PROGRAMS)}
    assert set(BUILT_IN) == {"layout.html", *(f"{each}/{name}.txt" for each, name in product(LANGUAGES, names))}


@pytest.mark.parametrize("kind", KINDS)
def test_what_comes_along_is_sound_and_fills_all_programs(kind: SunsetKind) -> None:
    made, mail = sunset(kind)
    writer, wrong = sound({}, BUILT_IN, made, mail, NAME)
    assert wrong == []
    (full,) = [due for due in examples(made, NAME) if due.id == f"example-{NAME}-en-letter-1-all"]
    headings = [line for line, under in _pairs(writer.words(full).text) if under == "-" * len(line)]
    assert len(headings) == len(PROGRAMS) + 2, "the mailboxes, what to enter, and each program"


def _pairs(text: str) -> list[tuple[str, str]]:
    return list(pairwise(line for line in text.splitlines() if line))


@pytest.mark.parametrize(
    ("language", "none", "one", "two"),
    [
        ("de", "Bitte 0 Postfächer vor", "Bitte ein Postfach vor", "Bitte 2 Postfächer vor"),
        ("fr", "0 boîte à adapter", "Une boîte à adapter", "2 boîtes à adapter"),
        ("it", "0 caselle da", "Una casella da", "2 caselle da"),
        ("en", "Please update 0 mailboxes", "Please update one mailbox before", "Please update 2 mailboxes"),
    ],
)
def test_plurals_are_the_languages(language: Language, none: str, one: str, two: str) -> None:
    for count, expected in enumerate((none, one, two)):
        uses = tuple(_use(f"box{number}@example.net") for number in range(count))
        assert expected in letters().words(_due(language, uses=uses)).subject


@pytest.mark.parametrize(
    ("language", "before", "after"),
    [
        ("de", "Sonntag, 28. März 2027, 01:59 Uhr (MEZ)", "Sonntag, 28. März 2027, 03:01 Uhr (MESZ)"),
        ("fr", "dimanche 28 mars 2027, 01:59 (CET)", "dimanche 28 mars 2027, 03:01 (CEST)"),
        ("it", "domenica 28 marzo 2027, ore 01:59 (CET)", "domenica 28 marzo 2027, ore 03:01 (CEST)"),
        ("en", "Sunday, 28 March 2027, 01:59 (CET)", "Sunday, 28 March 2027, 03:01 (CEST)"),
    ],
)
def test_times_are_those_of_the_zone_when_the_clocks_change(language: Language, before: str, after: str) -> None:
    for last, expected in ((SPRING - MINUTE, before), (SPRING + MINUTE, after)):
        assert expected in letters().words(_due(language, _use(last=last))).text
    twice = [letters().words(_due("de", _use(last=AUTUMN + each))).text for each in (-MINUTE, MINUTE)]
    assert ["02:59 Uhr (MESZ)" in twice[0], "02:01 Uhr (MEZ)" in twice[1]] == [True, True]


def test_the_first_explains_a_later_one_reminds_and_the_last_says_so_and_the_day() -> None:
    made, _ = sunset()
    first, later, last = (
        letters().words(example(made, NAME, "a@example.net", "en", number=number)) for number in (1, 2, 6)
    )
    assert "in an outdated way" in first.text
    assert "in an outdated way" not in later.text
    assert [words.subject.partition(" ")[0] for words in (first, later, last)] == ["Please", "Reminder:", "Last"]
    assert "This is letter 2 of 6, in week 2" in later.text
    assert "This is our last letter about this. You then have 6 days left." in last.text
    assert "switch this off on Monday, 22 February 2027" in last.text


def test_mailboxes_are_told_exactly_by_name_with_what_is_known_of_each() -> None:
    sure = _use("b@example.net", ClientUse(ip="192.0.2.1", helo="PC-7.example.net", program="Microsoft Outlook 16.0"))
    probable = msgspec.structs.replace(_use("a@example.net", ClientUse(ip="192.0.2.2", last=5)), confidence=0.5)
    unused = Use(mailbox="c@example.net", confidence=1.0)
    text = letters().words(_due("en", sure, probable, unused, thanked=("d@example.net",))).text
    cards = [block for block in text.split("\n\n") if block.startswith("    ") and "@" in block]
    assert [card.split("\n")[0].strip() for card in cards] == ["a@example.net", "b@example.net", "c@example.net"]
    assert "Probably with: an unknown program, address 192.0.2.2" in cards[0]
    assert "    With: Outlook (Windows, classic), device “PC-7”, address 192.0.2.1" in cards[1]
    assert "Last used" not in cards[2], "of a time that is not known nothing is said"
    assert "Already changed, thank you\n--------------------------\n\n- d@example.net\n" in text


def test_of_many_clients_the_last_ones_are_told_and_the_rest_counted() -> None:
    many = tuple(ClientUse(ip=f"192.0.2.{number}", last=number) for number in range(1, 8))
    text = letters().words(_due("en", _use("a@example.net", *many))).text
    assert [f"address 192.0.2.{number}\n" in text for number in (2, 3, 7)] == [False, True, True]
    assert "    Besides: 2 more devices\n" in text


def test_a_letter_bears_what_programs_look_at() -> None:
    mail = letters().mail(_due(id="b1946ac9"), SPRING)
    assert mail["Message-ID"] == message_id("b1946ac9", "support@isp.example") == "<b1946ac9@isp.example>"
    assert mail["Date"] == "Sun, 28 Mar 2027 01:00:00 +0000"
    assert mail["From"] == "Example ISP <support@isp.example>"
    assert (mail["Auto-Submitted"], mail["Precedence"]) == ("auto-generated", "bulk")
    assert mail["List-Unsubscribe"] == "<https://isp.example/letters/b1946ac9>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Content-Language"] == "en"
    assert letters().mail(_due(id="b1946ac9"), SPRING).as_bytes() == mail.as_bytes()
    thanks = letters().mail(_due(kind="thanks", thanked=("a@example.net",)), SPRING)
    assert (thanks["Precedence"], thanks["List-Unsubscribe"], thanks["Auto-Submitted"]) == (
        None,
        None,
        "auto-generated",
    )


@pytest.mark.parametrize(
    ("unsubscribe", "header", "post"),
    [
        ("", None, None),
        ("stop@isp.example", "<mailto:stop@isp.example?subject=unsubscribe%20b1946ac9>", None),
        ("http://isp.example/stop", "<http://isp.example/stop>", None),
    ],
)
def test_one_click_is_for_https_alone(unsubscribe: str, header: str | None, post: str | None) -> None:
    mail = letters(unsubscribe=unsubscribe).mail(_due(id="b1946ac9"), SPRING)
    assert (mail["List-Unsubscribe"], mail["List-Unsubscribe-Post"]) == (header, post)


def test_a_recipient_beyond_ascii_is_written_as_smtp_can_or_refused() -> None:
    assert recipient_of("info@müller.example") == "info@xn--mller-kva.example"
    for wrong in ("jürg@example.net", "", "a@b\r\nBcc: c@example.net", "@example.net", "a b@example.net"):
        with pytest.raises(ValueError, match=r"no mail address in ASCII|is no domain"):
            recipient_of(wrong)


ATTACKS = (
    "x\r\nBcc: victim@example.org",
    "x\n\n! Call 0900 now\n\n# Heading",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><a href="https://evil.example">click</a>',
    "{{ 7 * 7 }}{% include 'layout.html' %}",
    "\u202egnp.exe\u2066",
    "\x1b[31mred\x00\x07",
    "https://evil.example/login",
    "=?utf-8?q?=0ABcc=3A_victim=40example=2Eorg?=",
    "a" * 5000,
    "jürg@müller.example",
    "用户@例え.jp",
    "\ud800",
)


class _Tags(HTMLParser):
    """The tags of an HTML, and the targets of its links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str | None] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in {"href", "src"} or name.startswith("on")]


def _attacked(text: str, language: Language = "en") -> LetterDue:
    client = ClientUse(ip=text, helo=text, message_host=text, program=text)
    return _due(language, _use(text, client), name=text, thanked=(text,))


@pytest.mark.parametrize("text", ATTACKS, ids=range(len(ATTACKS)))
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_name_becomes_a_header_a_tag_a_link_or_a_paragraph(text: str, language: Language) -> None:
    mail = letters().mail(_attacked(text, language), SPRING)
    calm = letters().mail(_attacked("x", language), SPRING)
    read = message_from_bytes(mail.as_bytes(), policy=policy.default)
    assert read.keys() == calm.keys()
    assert (read["To"], read["Subject"]) == (calm["To"], calm["Subject"])
    plain, html = parts(mail)
    assert _Tags(html).tags == _Tags(parts(calm)[1]).tags
    assert _Tags(html).links == _Tags(parts(calm)[1]).links == ["https://isp.example/smtp-auth"]
    assert plain.count("\n") == parts(calm)[0].count("\n")
    assert not set(plain) & set("\x00\x07\x1b\u202e\u2066\r")
    assert "://evil" not in plain
    assert "49" not in plain


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40))
def test_any_name_gives_a_letter_with_the_same_headers(text: str) -> None:
    mail = letters().mail(_attacked(text), SPRING)
    assert mail.keys() == letters().mail(_attacked("x"), SPRING).keys()
    assert message_from_bytes(mail.as_bytes(), policy=policy.default).keys() == mail.keys()


@pytest.mark.parametrize(
    ("helo", "expected"),
    [
        ("PC-RECEPTION.corp.example", "PC-RECEPTION"),
        ("[192.168.1.5]", "192.168.1.5"),
        ("[IPv6:2001:db8::1]", "2001:db8::1"),
        ("localhost", ""),
        ("", ""),
        ("evil.example", "evil"),
        ("http://evil.example/", "http:evil"),
    ],
)
def test_a_hosts_name_is_cut_to_what_no_mail_program_makes_a_link_of(helo: str, expected: str) -> None:
    assert host_shown(helo) == expected


def _sound(own: dict[str, str], **mail: object) -> tuple[Letters, list[str]]:
    made, settings_of_mail = sunset(**mail)  # type: ignore[arg-type]  # the kind is left as it is
    writer, faults = sound(own, BUILT_IN, made, settings_of_mail, NAME)
    return writer, list(map(str, faults))


def test_an_own_template_replaces_the_one_of_its_name() -> None:
    own = {"en/closing.txt": "{% include 'en/house.txt' %}\n", "en/house.txt": "Ring {{ support }}"}
    writer, wrong = _sound({**own, "en/thanks.html": "<p>{{ subject }}</p>"})
    assert wrong == []
    assert writer.words(_due("en")).text.endswith("\n\nRing +41 44 000 00 00, help@isp.example\n")
    assert writer.words(_due("en", kind="thanks", thanked=("a@example.net",))).html.startswith("<p>Thank you: your ")


def test_what_an_own_template_includes_may_name_what_that_one_set() -> None:
    own = {
        "en/uses.txt": "{% for box in mailboxes %}\n{% include 'box.txt' %}\n\n\n{% endfor %}",
        "box.txt": "| {{ box.name }}",
    }
    writer, wrong = _sound(own)
    assert wrong == []
    assert "\n\n    info@example.net\n\n    office@example.net\n\n" in writer.words(_due("en")).text
    _, wrong = _sound({**own, "box.txt": "| {{ bax.name }}"})
    assert wrong == ["box.txt line 1: 'bax' is undefined", "en/uses.txt line 2: box.txt"]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("en/thanks.txt", "Subject: hi\n\n{{ suport }}\n", "en/thanks.txt line 3: 'suport' is undefined"),
        (
            "en/closing.txt",
            "{% if letter == 99 %}\n{{ hidden }}{% endif %}",
            "en/closing.txt line 2: 'hidden' is undefined",
        ),
        ("en/uses.txt", "{% for box in mailboxes %}\n{{ box.size }}\n{% endfor %}", "en/uses.txt line 2: "),
        ("en/thanks.txt", "Subject: hi\n\n{% if %}\n", "en/thanks.txt line 3: "),
        ("en/thanks.txt", "hi\n", "en/thanks.txt: its first line is no 'Subject: …'"),
        ("en/programs/notes.txt", "1. do it\n", "en/programs/notes.txt: its first line is no '# …'"),
        ("layout.html", "<p>{{ subjekt }}</p>", "layout.html line 1: 'subjekt' is undefined"),
        ("en/thank.txt", "Subject: hi\n", "en/thank.txt: replaces nothing: no template has this name"),
        ("en/closing.txt", "{% include 'en/closing.txt' %}", "en/closing.txt line 1: "),
        ("en/closing.txt", "\n{{ 1 / 0 }}", "en/closing.txt line 2: division by zero"),
        ("en/closing.txt", "{% include 'gone.txt' %}", "en/closing.txt line 1: gone.txt"),
    ],
)
def test_a_wrong_own_template_is_told_by_its_line_and_the_letters_go_on(name: str, text: str, told: str) -> None:
    writer, wrong = _sound({name: text, "de/closing.txt": "Eigener Schluss"})
    assert [each.startswith(told) for each in wrong] == [True]
    plain = letters()
    for due in (_due("en"), _due("en", kind="thanks", thanked=("a@example.net",))):
        assert writer.words(due) == plain.words(due)
    assert writer.words(_due("de")).text.endswith("\nEigener Schluss\n"), "what is sound stays"


def test_what_no_header_can_hold_is_told_as_wrong() -> None:
    _, wrong = _sound({}, company="Example\r\nBcc: victim@example.org")
    assert wrong == ["invalid arguments; address parts cannot contain CR or LF"]
