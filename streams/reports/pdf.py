"""A report as PDF: what the mail says, on A4 pages with numbers, in an embedded font that has all letters of Europe.

DejaVu Sans comes with matplotlib's wheel: a server needs no font. The same report dated alike gives the same bytes.
"""

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import Align, TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace
from matplotlib import get_data_path

from schemas.moments import moment_of
from streams.reports.document import AnyBlock, Chart, Document, Table, Text
from streams.reports.words import Tongue

_FONT = "DejaVu"
_MARGIN, _BODY, _SMALL = 18.0, 10, 8
_INK, _MUTED, _TITLE = (31, 41, 51), (82, 96, 109), (16, 42, 67)
_CALL = (255, 246, 218)
_FOLDER = Path(get_data_path()) / "fonts" / "ttf"
_WIDEST, _AROUND = 60.0, 4.0
_PAGES = "\x02pages\x03"
"""What fpdf2 replaces by the number of pages wherever it stands: no name of a stranger can have it."""


class _Pages(FPDF):
    """A4 pages that say whose report it is, and which of how many they are."""

    def __init__(self, document: Document, tongue: Tongue) -> None:
        super().__init__(format="A4")
        self._document, self._tongue = document, tongue
        self.add_font(_FONT, "", str(_FOLDER / "DejaVuSans.ttf"))
        self.add_font(_FONT, "B", str(_FOLDER / "DejaVuSans-Bold.ttf"))
        self.alias_nb_pages(_PAGES)
        self.set_margin(_MARGIN)
        self.set_auto_page_break(auto=True, margin=_MARGIN)
        self.set_title(document.subject)
        self.set_author(document.company)
        self.set_lang(document.language)

    def footer(self) -> None:
        """Write the page's number."""
        self.set_y(-12)
        self.set_font(_FONT, "", _SMALL)
        self.set_text_color(*_MUTED)
        page = self._tongue.say("page", page=self.page_no(), pages=_PAGES)
        self.cell(0, 5, f"{self._document.company}  ·  {page}", align=Align.C)

    def say(self, text: str, size: float, *, bold: bool = False, colour: tuple[int, int, int] = _INK) -> None:
        """Write a paragraph."""
        self.set_font(_FONT, "B" if bold else "", size)
        self.set_text_color(*colour)
        self.multi_cell(0, size * 0.5, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT, align=Align.L)

    def call(self, text: str) -> None:
        """Write a paragraph that must be seen."""
        self.set_font(_FONT, "B", _BODY)
        self.set_text_color(*_INK)
        self.set_fill_color(*_CALL)
        self.multi_cell(0, 5.5, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT, align=Align.L, fill=True, padding=2)


def pdf(document: Document, pictures: Sequence[bytes], at: int) -> bytes:
    """Return a report as PDF with its charts' pictures, dated `at` (µs)."""
    pages = _Pages(document, Tongue(document.language, "UTC"))
    left = iter(pictures)
    pages.set_creation_date(moment_of(at))
    pages.add_page()
    pages.say(document.company, _BODY, bold=True, colour=_MUTED)
    pages.say(document.title, 18, bold=True, colour=_TITLE)
    pages.say(document.about, 11, colour=_MUTED)
    pages.ln(2)
    if document.stale:
        pages.call(document.age)
    else:
        pages.say(document.age, _SMALL, colour=_MUTED)
    if document.opening:
        pages.ln(3)
        pages.say(document.opening, _BODY)
    for section in document.sections:
        pages.ln(5)
        if pages.will_page_break(30):
            pages.add_page()
        pages.start_section(section.title)
        pages.say(section.title, 13, bold=True, colour=_TITLE)
        for block in section.blocks:
            pages.ln(2)
            _block(pages, block, left)
    pages.ln(5)
    pages.say(document.closing, _BODY, colour=_MUTED)
    return bytes(pages.output())


def _block(pages: _Pages, block: AnyBlock, left: Iterator[bytes]) -> None:
    match block:
        case Text(call=True):
            pages.call(block.text)
        case Text():
            pages.say(block.text, _BODY)
        case Chart():
            pages.image(BytesIO(next(left)), w=pages.epw, alt_text=block.alt)
        case Table():
            _table(pages, block)


def _table(pages: _Pages, table: Table) -> None:
    first_number = len(table.head) - table.numbers
    aligned = tuple(Align.R if at >= first_number else Align.L for at in range(len(table.head)))
    widths = _widths(pages, table)
    pages.set_font(_FONT, "", _SMALL)
    pages.set_text_color(*_INK)
    pages.set_draw_color(213, 220, 227)
    pages.set_fill_color(255, 255, 255)
    head = FontFace(emphasis="BOLD", color=_MUTED)
    with pages.table(
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        text_align=aligned,
        headings_style=head,
        col_widths=widths,
        line_height=4.6,
        padding=1,
    ) as drawn:
        for cells in (table.head, *table.rows):
            row = drawn.row()
            for cell in cells:
                row.cell(cell)
    if table.note:
        pages.ln(1)
        pages.say(table.note, _SMALL, colour=_MUTED)


def _widths(pages: _Pages, table: Table) -> tuple[float, ...]:
    """Return how wide the columns are to each other: by their longest texts, which are broken beyond a bound."""
    pages.set_font(_FONT, "B", _SMALL)
    rows = (table.head, *table.rows)
    return tuple(
        min(max(pages.get_string_width(row[at]) for row in rows), _WIDEST) + _AROUND for at in range(len(table.head))
    )
