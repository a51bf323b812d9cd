"""From a notice and the templates to the words of a mail: subject, text and HTML.

Numbers of decisions are filled in, never a text of a stranger: each rule has its sentence in each language.
"""

from collections.abc import Iterable

from schemas.facts import Evidence
from schemas.mailbox_hooks import CustomerMailHook
from streams.notices import LANGUAGES, LAYOUT, REASONS, TEMPLATES, Language, Notice, Texts, visible
from streams.notices.filling import Filling, subject_and_text
from streams.notices.paragraphs import LIST, STEPS, Words, blocks
from streams.notices.speech import Speech

_MOST_REASONS = 4
_NOT_SHOWN = frozenset(("score", "password"))
_MARKS = (LIST, STEPS)


class Renderer:
    """The templates of one configuration, ready to be filled in."""

    def __init__(self, texts: Texts, settings: CustomerMailHook) -> None:
        self._settings = settings
        self._filling = Filling(texts)

    def words(self, notice: Notice) -> Words:
        """Return the words of a mail. ValueError names a template that cannot be filled in, and why."""
        place = f"{notice.language}/{notice.template}"
        context = self._context(notice)
        subject, text = subject_and_text(f"{place}.txt", self._filling.filled(f"{place}.txt", context))
        context |= {"subject": subject, "blocks": blocks(text, _MARKS)}
        html = self._filling.filled(f"{place}.html" if f"{place}.html" in self._filling.names else LAYOUT, context)
        return Words(subject, text, html)

    def wrong(self, examples: Iterable[Notice]) -> list[str]:
        """Return what is wrong with the templates, told by filling each of them in."""
        missing = sorted(
            name
            for language in LANGUAGES
            for name in (f"{language}/{REASONS}", *(f"{language}/{template}.txt" for template in TEMPLATES))
            if name not in self._filling.names
        )
        found = [f"{name}: is missing" for name in missing]
        for notice in examples:
            try:
                self.words(notice)
            except ValueError as error:
                found.append(str(error))
        return list(dict.fromkeys(found))

    def _context(self, notice: Notice) -> dict[str, object]:
        speech = Speech(notice.language, self._settings.timezone)
        context: dict[str, object] = {
            "language": notice.language,
            "mailbox": visible(notice.mailbox),
            "customer": visible(notice.customer),
            "company": self._settings.company,
            "support": self._settings.support,
            "website": self._settings.website,
            "day": speech.day(speech.local(notice.since)),
            "time": speech.time(notice.since),
            "zone": speech.zone(notice.since),
            "recipients_per_hour": notice.recipients_per_hour,
            **speech.functions,
        }
        return context | {"reasons": self._reasons(notice.evidence, notice.language, context)}

    def _reasons(self, evidence: tuple[Evidence, ...], language: Language, context: dict[str, object]) -> list[str]:
        """Return the strongest reasons as sentences; a rule for which a language has none is left out."""
        strongest = sorted(evidence, key=lambda each: -each.points)
        said = (
            self._filling.filled(f"{language}/{REASONS}", {**context, **_facts(each)}).strip()
            for each in strongest
            if each.points >= 0 and each.rule not in _NOT_SHOWN
        )
        return list(dict.fromkeys(filter(None, said)))[:_MOST_REASONS]


def _facts(evidence: Evidence) -> dict[str, object]:
    return {"rule": evidence.rule, "value": evidence.value, "usual": evidence.usual}
