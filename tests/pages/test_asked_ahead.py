"""The law of what pages ask ahead: each such question is then read, with the same words; else it is asked in vain."""

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import dashboards
from dashboards import elements, moment, queries
from dashboards.answers import Answers
from dashboards.connection import Query, Reading
from embedded.clickhouse import ClickHouseServer
from tests.pages import full_hall
from tests.pages.conftest import Hall, Open
from tests.pages.scene import WITHDRAWN
from tests.pages.test_dashboard_views import shown
from tests.pages.test_offers_cut import PAGES

Words = tuple[str, int, tuple[Hashable, ...], float, int]
"""A question's name, hours, values, how often it may be asked, and the moment as of which."""

MORE: dict[str, tuple[dict[str, str], ...]] = {
    "overview": ({"provider": "yahoo.example"}, {"at": "before"}),
    "pool": (
        {"range": "24h"},
        {"pool": "main", "ip": WITHDRAWN, "at": "before"},
        {"part": "Traffic", "at": "before"},
    ),
    "providers": ({"provider": "google"}, {"range": "24h", "at": "before"}),
    "complaints": ({"show": "Unattributed"}, {"by": "IP"}, {"at": "before"}),
    "lists": ({"range": "24h", "at": "before"},),
    "pipeline": ({"section": "Flow", "topic": "complaints"}, {"at": "before"}),
    "reports": ({"range": "24h", "at": "before"},),
    "mailboxes": ({"range": "24h", "at": "before"},),
}
"""Ways beside those of the files' law: chosen are what the questions asked ahead depend on."""
MODULES = {
    "overview": ("overview",),
    "pool": ("pool",),
    "lists": ("lists",),
    "providers": ("providers",),
    "mailboxes": ("mailboxes",),
    "complaints": ("complaints", "complaint_trends", "bounces"),
    "reports": ("reports",),
    "pipeline": ("pipeline_flow",),
}
"""The modules of `dashboards.views` in which a page's questions are asked ahead."""
_VIEWS = Path(dashboards.__file__).with_name("views")
WAYS = {page: (*ways, *MORE.get(page, ())) for page, ways in PAGES.items()}


@dataclass
class _Run:
    """What one run of a page asked: each question, and whether it was asked ahead."""

    asked: list[tuple[Words, bool]] = field(default_factory=list)

    @property
    def ahead(self) -> list[Words]:
        return [words for words, ahead in self.asked if ahead]

    def vain(self) -> list[Words]:
        """Return what was asked ahead and not read after that."""
        return [
            words
            for place, (words, ahead) in enumerate(self.asked)
            if ahead and (words, False) not in self.asked[place + 1 :]
        ]


def _words(query: Query, hours: int, values: tuple[Hashable, ...], every: float, at: int) -> Words:
    return f"{query.__module__.removeprefix('dashboards.')}.{query.__name__}", hours, values, every, at


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[_Run]:
    """Give the runs of the pages that this test shows, as they come."""
    found: list[_Run] = []

    class Noting(Answers):
        """The answers of a run, which notes what it is asked."""

        def __init__(self, *given: object) -> None:
            super().__init__(*given)  # type: ignore[arg-type]  # as they were given
            self.run = _Run()
            found.append(self.run)

        def read(self, query: Query, hours: int, *values: Hashable, every: float, at: int) -> Reading:
            self.run.asked.append((_words(query, hours, values, every, at), False))
            return super().read(query, hours, *values, every=every, at=at)

        def ahead(self, query: Query, hours: int, *values: Hashable, every: float, at: int) -> None:
            self.run.asked.append((_words(query, hours, values, every, at), True))
            super().ahead(query, hours, *values, every=every, at=at)

    monkeypatch.setattr(elements, "Answers", Noting)
    return found


@pytest.fixture(scope="module")
def hall(clickhouse: ClickHouseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    """Give a hall with all scenes: on a page without data some of what was asked ahead is not needed."""
    with full_hall.everything(clickhouse, tmp_path_factory.mktemp("ahead"), "pages_ahead") as made:
        yield made


def _written(page: str) -> set[str]:
    """Return the names of the questions that the modules of a page ask ahead, as their source has them."""
    source = "\n".join((_VIEWS / f"{name}.py").read_text(encoding="utf-8") for name in MODULES.get(page, ()))
    loops = "".join(re.findall(r"for each in \(([^)]*)\):\s+shown\.ahead\(each", source))
    return {*re.findall(r"shown\.ahead\((queries\w*\.\w+)", source), *re.findall(r"queries\w*\.\w+", loops)}


def test_each_module_that_asks_ahead_is_of_a_page_whose_questions_are_known() -> None:
    asking = {path.stem for path in _VIEWS.glob("*.py") if ".ahead(queries" in path.read_text(encoding="utf-8")}
    assert asking | {"lists"} == {name for names in MODULES.values() for name in names}
    assert all(len(_written(page)) >= 1 for page in MODULES)
    app = Path(dashboards.__file__).with_name("app.py").read_text(encoding="utf-8")
    assert set(PAGES) == set(re.findall(r"st\.Page\((\w+)\.page", app))


@pytest.mark.parametrize("page", WAYS)
def test_what_is_asked_ahead_is_read_after_that_with_the_same_words(
    hall: Hall, opened: Open, runs: list[_Run], page: str
) -> None:
    for way in WAYS[page]:
        begun = len(runs)
        opened(hall)
        shown(page, **way | ({"at": moment.written(hall.now)} if "at" in way else {}))
        assert len(runs) > begun, way
        assert [run.vain() for run in runs[begun:]] == [[] for _ in runs[begun:]], way
    names = {name for run in runs for name, *_ in run.ahead}
    assert names == _written(page), "in one way or another it asks ahead all that it may"


def test_a_question_of_other_words_would_be_found(hall: Hall, opened: Open, runs: list[_Run]) -> None:
    opened(hall)
    page = elements.Page(6)
    page.ahead(queries.volume, "", every=3.6)
    page.ahead(queries.volume, "google", every=3.6)
    page.ahead(queries.dead_letters, hours=1)
    page.ahead(queries.feeds, hours=1)
    page.read(queries.volume, "", every=3.6)
    page.read(queries.dead_letters)
    page.read(queries.feeds, hours=1, every=20)
    (run,) = runs
    assert [(name, hours, values, every) for name, hours, values, every, _ in run.vain()] == [
        ("queries.volume", 6, ("google",), 3.6), ("queries.dead_letters", 1, (), 1.5), ("queries.feeds", 1, (), 1.5),
    ]  # fmt: skip
