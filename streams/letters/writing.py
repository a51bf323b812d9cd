"""From a `LetterDue` and the templates to the words of a letter, and to its mail."""

import re
from collections.abc import Iterable, Iterator, Mapping
from email.message import EmailMessage

from schemas.names import domain_of
from schemas.sunset_events import LetterDue
from schemas.sunset_settings import Sunset, SunsetMail
from streams.letters import CALL, CARD, HEADING, MARKS, THANKS
from streams.letters.heads import headers_of, recipient_of
from streams.letters.wording import CONTEXT, context_of, language_of, mailboxes_of, programs_of
from streams.notices import LAYOUT
from streams.notices.composing import Envelope, composed
from streams.notices.filling import Filling, TemplateFaultError, subject_and_text
from streams.notices.paragraphs import Block, Words, blocks
from streams.notices.speech import Speech

_TITLE = re.compile(r"# (.{1,200})\n")
_PARTS = ("uses", "enter", "closing")
"""The parts of a letter that are templates of their own, after the instructions."""
NAMES = frozenset((*CONTEXT, *_PARTS, "mailboxes", "instructions", "subject", "blocks"))
"""What templates may name, some of it only where it is known already (docs/sunset-letters.md)."""


def message_id(letter: str, sender: str) -> str:
    """Return the Message-ID of the letter with this id of its `LetterDue`, however often it is written."""
    return f"<{letter}@{domain_of(sender)}>"


class Letters:
    """The templates of one sunset, ready to be filled in."""

    def __init__(self, texts: Mapping[str, str], sunset: Sunset, mail: SunsetMail) -> None:
        self._filling = Filling(texts)
        self._sunset = sunset
        self._mail = mail

    def mail(self, due: LetterDue, at: int) -> EmailMessage:
        """Return the mail, dated `at` (µs): the same bytes for the same letter and date.

        ValueError where something in it cannot stand in a header, or a template cannot be filled in.
        """
        settings = self._mail
        envelope = Envelope(
            sender=settings.sender,
            sender_name=settings.sender_name or settings.company,
            reply_to=settings.reply_to,
            recipient=recipient_of(due.recipient),
            language=language_of(due, settings),
            message_id=due.message_id or message_id(due.id, settings.sender),
            more=headers_of(due, settings),
        )
        return composed(self.words(due, at), envelope, at)

    def words(self, due: LetterDue, at: int = 0) -> Words:
        """Return what a letter says that goes at a moment (µs, 0: when it is due).

        ValueError names a template that cannot be filled in, and why.
        """
        language = language_of(due, self._mail)
        speech = Speech(language, self._sunset.timezone)
        context = context_of(due, self._sunset, self._mail, speech, at or due.due or due.at)
        name = f"{language}/{THANKS if due.kind == 'thanks' else self._sunset.kind}"
        context |= self._parts(due, language, context, speech)
        subject, text = subject_and_text(f"{name}.txt", self._filling.filled(f"{name}.txt", context))
        found = blocks(text, MARKS)
        layout = f"{name}.html" if f"{name}.html" in self._filling.names else LAYOUT
        html = self._filling.filled(layout, context | {"subject": subject, "blocks": found})
        return Words(subject, "\n\n".join(map(_plain, found)) + "\n", html)

    def faults(self, examples: Iterable[LetterDue]) -> Iterator[ValueError]:
        """Yield what is wrong with the templates, told by writing each of these letters."""
        for due in examples:
            try:
                self.mail(due, due.due)
            except ValueError as error:
                yield error

    def _parts(self, due: LetterDue, language: str, context: Mapping[str, object], speech: Speech) -> dict[str, object]:
        """Return the instructions for the programs seen, and the parts that letters have in common."""
        seen = programs_of(due)
        filled = {name: self._filling.filled(f"{language}/programs/{name}.txt", context) for name in seen}
        titles = {name: _title(f"{language}/programs/{name}.txt", text) for name, text in filled.items()}
        instructions = "\n\n".join(text.strip("\n") for text in filled.values())
        parts = {"mailboxes": mailboxes_of(due, titles, speech), "instructions": instructions}
        more = {name: self._filling.filled(f"{language}/{name}.txt", {**context, **parts}) for name in _PARTS}
        return {**parts, **{name: text.strip("\n") for name, text in more.items()}}


def _title(name: str, filled: str) -> str:
    found = _TITLE.match(filled)
    if found is None:
        raise TemplateFaultError(name, 0, "its first line is no '# …' with the program's name")
    return found[1].strip()


def _plain(block: Block) -> str:
    """Return a paragraph as the text part has it; steps are counted anew, since a template may leave some out."""
    if block.kind == HEADING:
        return "\n".join(f"{line}\n{'-' * len(line)}" for line in block.lines)
    if block.kind == "ol":
        return "\n".join(f"{number}. {line}" for number, line in enumerate(block.lines, 1))
    before = {"ul": "- ", CARD: "    ", CALL: "==> "}.get(block.kind, "")
    return "\n".join(f"{before}{line}" for line in block.lines)
