"""What a report says, whatever it is read in: sections of sentences, tables and charts; mail and PDF are made of it."""

import msgspec

from streams.notices import Language

Colour = str
"""The name of a colour in `charts.COLOURS`."""


class Block(msgspec.Struct, frozen=True, kw_only=True, tag_field="is", tag=str.lower):
    """A part of a section."""


class Text(Block, frozen=True, kw_only=True):
    """A paragraph; `call`: it must be seen."""

    text: str
    call: bool = False


class Table(Block, frozen=True, kw_only=True):
    """Rows below a head; the last `numbers` columns are numbers. `note` says what was left out.

    The columns `less` are not shown on the narrow screen of a phone.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: int = 0
    note: str = ""
    less: tuple[int, ...] = ()


class Series(msgspec.Struct, frozen=True):
    """The values of one colour, a value a bar."""

    name: str
    colour: Colour
    values: tuple[float, ...]


class Chart(Block, frozen=True, kw_only=True):
    """Stacked bars, or with `lines` lines; `alt` has its figures in words. Of those at `unknown` nothing is known."""

    title: str
    alt: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    unknown: tuple[int, ...] = ()
    unknown_label: str = ""
    lines: bool = False


AnyBlock = Text | Table | Chart


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the report."""

    title: str
    blocks: tuple[AnyBlock, ...]


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A report in the words of its language; `about` says whose and which time, `age` how old its data is."""

    language: Language
    subject: str
    title: str
    about: str
    age: str
    stale: bool = False
    opening: str = ""
    sections: tuple[Section, ...]
    closing: str = ""
    company: str

    @property
    def charts(self) -> list[Chart]:
        """Return the charts in their order."""
        return [block for section in self.sections for block in section.blocks if isinstance(block, Chart)]
