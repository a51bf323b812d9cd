"""A report as it is read: as text, and as HTML whose charts stand at the sources that they are given."""

import re
from collections.abc import Mapping, Sequence
from textwrap import wrap

import msgspec

from streams.notices import LAYOUT
from streams.notices.filling import Filling
from streams.notices.paragraphs import Words
from streams.reports.document import AnyBlock, Chart, Document, Table, Text

_WIDTH = 78
_GAP = "  "


def words(document: Document, filling: Filling, sources: Sequence[str]) -> Words:
    """Return subject, text and HTML; `sources` are the URLs of the charts. TemplateFaultError names a wrong layout."""
    left = list(reversed(sources))
    sections = [
        {"title": section.title, "blocks": [_block(block, left) for block in section.blocks]}
        for section in document.sections
    ]
    context: Mapping[str, object] = {
        "document": {**msgspec.structs.asdict(document), "sections": sections},
        "opening": _paragraphs(document.opening),
        "closing": _paragraphs(document.closing),
    }
    return Words(document.subject, text(document), filling.filled(LAYOUT, context))


def _block(block: AnyBlock, left: list[str]) -> dict[str, object]:
    kind = type(block).__name__.lower()
    source = {"source": left.pop()} if isinstance(block, Chart) else {}
    return {"kind": kind, **msgspec.structs.asdict(block), **source}


def _paragraphs(of: str) -> list[str]:
    return [" ".join(each.split()) for each in re.split(r"\n[ \t]*\n", of) if each.strip()]


def text(document: Document) -> str:
    """Return the whole as plain text: charts by their figures, tables in columns."""
    head = [document.title, document.about, document.age]
    parts = ["\n".join(line for each in head for line in wrap(each, _WIDTH))]
    parts += ["\n".join(wrap(each, _WIDTH)) for each in _paragraphs(document.opening)]
    for section in document.sections:
        parts.append(f"{section.title}\n{'-' * len(section.title)}")
        parts += [_plain(block) for block in section.blocks]
    return "\n\n".join((*parts, document.closing)) + "\n"


def _plain(block: AnyBlock) -> str:
    match block:
        case Table():
            return _columns(block)
        case Chart():
            return "\n".join(wrap(block.alt, _WIDTH))
        case Text():
            return "\n".join(wrap(block.text, _WIDTH, break_long_words=False, break_on_hyphens=False))


def _columns(table: Table) -> str:
    rows = [table.head, *table.rows]
    widths = [max(len(row[at]) for row in rows) for at in range(len(table.head))]
    first_number = len(widths) - table.numbers
    lines = [
        _GAP.join(
            cell.rjust(widths[at]) if at >= first_number else cell.ljust(widths[at]) for at, cell in enumerate(row)
        ).rstrip()
        for row in rows
    ]
    return "\n".join((*lines, *filter(None, (table.note,))))
