"""docs/formats.md is what the code says, tells of every format, and its lines of configuration are read."""

import re
from pathlib import Path

from collectors import documents
from collectors.parsing import formats
from collectors.reading import log_formats
from schemas.settings import parse
from tests.formats_page import PAGE, SECTIONS, docstrings, page, snippet, told


def test_the_page_is_what_the_code_says() -> None:
    assert page() == PAGE.read_text(encoding="utf-8"), "make golden writes it"


def test_every_format_has_its_entry() -> None:
    headings = re.findall(r"^### (\S+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == list(formats())


def test_each_formats_lines_of_configuration_are_read() -> None:
    for section in SECTIONS:
        for name in section.registry.names():
            settings = parse(snippet(section, name), "formats.md")
            logs = [log.format for log in (*settings.mta.values(), *settings.logins.values())]
            assert logs + [maildir.format for maildir in settings.complaints.values()] == [name]
            assert name in (log_formats() if logs else documents.names())


def test_each_log_format_tells_its_manual_what_it_reads_and_what_it_ignores() -> None:
    for section in SECTIONS[:2]:
        told_of = {name: told(docstring) for name, docstring in docstrings(section).items()}
        lacking = {name: [part for part in says._fields if not getattr(says, part)] for name, says in told_of.items()}
        assert lacking == {name: [] for name in section.registry.names()}


def test_a_docstring_is_taken_apart() -> None:
    says = told(
        """Foo 1 to 2: its log.

    Manual: https://foo.example/ (chapter 3)

    Read is what
    it says. Ignored by decision: a, b (c. d),
    and e. More is read.

    And more.
    """
    )
    assert says == (
        "Foo 1 to 2: its log.",
        "https://foo.example/ (chapter 3)",
        "Read is what it says. More is read. And more.",
        "a, b (c. d), and e.",
    )
    assert Path(PAGE).name == "formats.md"
