"""What all mails made of templates have in common: a subject, a text of paragraphs, and the same in HTML.

A template is a text of paragraphs parted by blank lines; its first line is `Subject: …`. A paragraph each of whose
lines begins with a mark is of that mark's kind (a list, say). The HTML is made of the same paragraphs by a layout.
"""

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec
from jinja2 import Environment, FunctionLoader, StrictUndefined

LOCALES = {"de": "de", "fr": "fr", "it": "it", "en": "en_GB"}
Mark = tuple[str, re.Pattern[str]]
"""A kind of paragraph, and how each of its lines begins."""
LIST: Mark = ("ul", re.compile("- "))
STEPS: Mark = ("ol", re.compile(r"[0-9]{1,2}\. "))


class Words(msgspec.Struct, frozen=True):
    """What a mail says; without `html` in its text alone."""

    subject: str
    text: str
    html: str


class Block(msgspec.Struct, frozen=True):
    """A paragraph of the HTML part, with its lines: "text", or the kind of its mark."""

    kind: str
    lines: tuple[str, ...]


def environment(texts: Mapping[str, str]) -> Environment:
    """Return what fills in templates, given by their names; what one lacks is an error, and HTML is escaped."""
    return Environment(
        loader=FunctionLoader(_loading(texts)),
        undefined=StrictUndefined,
        autoescape=_is_html,  # noqa: S701 the text part is no HTML
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _loading(texts: Mapping[str, str]) -> Callable[[str], tuple[str, str, Callable[[], bool]] | None]:
    """Give Jinja each template under its name, so that an error tells in which of several it happened."""

    def loaded(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        return (texts[name], name, lambda: True) if name in texts else None

    return loaded


def _is_html(name: str | None) -> bool:
    return name is not None and name.endswith(".html")


def parted(filled: str) -> tuple[str, str]:
    """Return the first line of a filled template, and its text: no more than one blank line between paragraphs."""
    first, _, rest = filled.partition("\n")
    return first, re.sub(r"\n{3,}", "\n\n", rest.strip("\n")) + "\n"


def blocks(text: str, marks: Sequence[Mark]) -> list[Block]:
    """Return the paragraphs of a text, each of the kind of the first mark with which all its lines begin."""
    found: list[Block] = []
    for part in filter(None, (part.strip("\n") for part in re.split(r"\n[ \t]*\n", text))):
        lines = part.split("\n")
        kind, mark = next(((kind, mark) for kind, mark in marks if all(map(mark.match, lines))), ("text", None))
        shown = lines if mark is None else [mark.sub("", line, count=1) for line in lines]
        found.append(Block(kind, tuple(shown)))
    return found
