"""Mails to customers about their mailboxes: the templates of four languages, and the mail that becomes of one.

A template is a text: its first line is `Subject: …`, then follow paragraphs and lists, parted by blank lines (a list's
lines begin with `- ` or `1. `). The HTML part is made of the same paragraphs by `layout.html`, so that both parts say
the same; who wants an HTML of his own puts a `suspended.html` beside the `suspended.txt`. `docs/customer-mail.md` has
what a template may name.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from schemas.facts import Evidence

Language = Literal["de", "fr", "it", "en"]
LANGUAGES: tuple[Language, ...] = ("de", "fr", "it", "en")
Template = Literal["suspended", "throttled", "released"]
TEMPLATES: tuple[Template, ...] = ("suspended", "throttled", "released")
OF_STEP: Mapping[str, Template] = {"suspend": "suspended", "throttle": "throttled", "": "released"}
"""The template of each step of a mailbox."""
REASONS = "reasons.txt"
LAYOUT = "layout.html"
Texts = Mapping[str, str]
"""The templates by their names: `de/suspended.txt`, `layout.html` …"""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One mail to write: to whom, in which language, about what; `since` (µs) is when the step began."""

    mailbox: str
    customer: str = ""
    recipient: str
    language: Language
    template: Template
    message_id: str
    decision: str = ""
    since: int
    recipients_per_hour: int = 0
    evidence: tuple[Evidence, ...] = ()


def visible(text: str, longest: int = 320) -> str:
    """Return a name that others may have chosen as one short line of visible signs."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)[:longest]
