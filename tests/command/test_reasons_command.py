"""`relaywarden reasons`, and its words: each class in each language, and the table of docs/reasons.md."""

import json

import pytest

from schemas.reasons import NAMES
from schemas.reasons.words import Words, language, languages
from tests.command.shell import ROOT, refusal, run

_SAID = "host mx[192.0.2.1] said: 550 5.1.1 <user@example.org>: User unknown (in reply to RCPT TO command)"


@pytest.mark.parametrize("code", languages())
def test_each_language_tells_each_reason_in_whole_sentences_of_its_own(code: str) -> None:
    told = language(code)
    assert tuple(told.words) == NAMES
    assert len({words.title for words in told.words.values()}) == len(NAMES)
    sentences = [told.permanent, told.passing, *(text for words in told.words.values() for text in words[1:])]
    assert [text for text in sentences if not (text[0].isupper() and text.endswith("."))] == []
    others = [language(other).words for other in languages() if other != code]
    same = [
        (name, text) for name, words in told.words.items() for text in words if any(text in o[name] for o in others)
    ]
    assert same == []


def test_the_languages_are_those_of_the_notices_and_another_is_refused() -> None:
    assert languages() == ("de", "en", "fr", "it")
    assert refusal(run("reasons", "--language", "es")) == "no language 'es'; there are de, en, fr, it"
    assert "--command 'quit' is none of" in refusal(run("reasons", "explain", "550 no", "--command", "quit"))


def test_what_is_no_status_is_refused_and_so_is_no_reply() -> None:
    for status in ("foo", "2.0.0"):
        assert refusal(run("reasons", "explain", "550 no", "--status", status)) == (
            f"--status {status!r} is no enhanced status of a refusal, as 5.1.1 is"
        )
    assert refusal(run("reasons", "explain", " ")) == "the reply ' ' is empty"


def test_the_document_has_the_words_of_the_table() -> None:
    told = language("en").words
    rows = [f"| `{name}` | {told[name].cause} | {told[name].operator} |" for name in NAMES]
    assert "\n".join(rows) in (ROOT / "docs" / "reasons.md").read_text(encoding="utf-8")


def test_the_command_lists_the_reasons() -> None:
    rows = [json.loads(line) for line in run("reasons", "--json", "--language", "it").stdout.splitlines()]
    assert [row["reason"] for row in rows] == list(NAMES)
    assert [row["reason"] for row in rows if row["can_be_permanent"]] == [
        "user_unknown",
        "host_unknown",
        "moved",
        "no_mail",
    ]
    assert Words(*(rows[0][field] for field in Words._fields)) == language("it").words["user_unknown"]


def test_the_command_explains_a_reply() -> None:
    assert run("reasons", "explain", _SAID, "-l", "de").stdout.splitlines() == [
        "Unbekanntes Postfach (user_unknown)",
        f"{language('de').words['user_unknown'].cause} An diese Adresse kommt keine Mail mehr an.",
        "Betreiber: Die Adresse aus den Verteilern nehmen; viele davon in einem Versand schaden dem Ruf der IP.",
        "Kunde: Bitte prüfen Sie die Adresse auf Tippfehler, oder fragen Sie den Empfänger nach der richtigen.",
    ]
    told = json.loads(run("reasons", "explain", "452 no", "--status", "4.2.2", "--json").stdout)
    assert (told["reason"], told["permanent"], told["outlook"]) == (
        "mailbox_full",
        False,
        "This may pass, or can be remedied.",
    )
    assert run("reasons", "explain", "550 User unknown", "--command", "data").stdout.startswith("Refused by the rec")
