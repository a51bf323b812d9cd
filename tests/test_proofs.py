"""What the manuals say is proven: each test that they name exists, and each hook has its row."""

import ast
import re
from pathlib import Path

import pytest

from schemas.mailbox_hooks import MailboxHooks
from streams import hooks
from tests.chaos import proofs

ROOT = Path(__file__).resolve().parents[1]
SCENARIOS = (ROOT / "docs" / "scenarios.md").read_text()
ROWS = [line for line in SCENARIOS.splitlines() if line.startswith("| ") and "`tests/" in line]


def _tests_of(file: str) -> set[str]:
    return {node.name for node in ast.parse((ROOT / file).read_text()).body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split(" | ")[0].strip("| ")[:40])
def test_every_scenario_names_a_test_that_exists(row: str) -> None:
    found = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row)
    assert len(found) == 1
    assert found[0][1] in _tests_of(found[0][0])


PAGES = sorted((ROOT / "docs").rglob("*.md"))
NAMED = [
    (page.name, *found) for page in PAGES for found in re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)", page.read_text())
]


def test_every_test_that_a_page_of_the_documentation_names_exists() -> None:
    assert [named for named in NAMED if named[2] not in _tests_of(named[1])] == []
    assert len(NAMED) >= 40


@pytest.mark.parametrize(("page", "least"), [("guarantees", 30), ("security", 40)])
def test_each_promise_fault_and_attempt_names_its_test(page: str, least: int) -> None:
    told = (ROOT / "docs" / f"{page}.md").read_text()
    heads = ("| promise", "| fault", "| attempt")
    rows = [line for line in told.splitlines() if line.startswith("| ") and not line.startswith(heads)]
    assert len(rows) >= least
    assert [row for row in rows if len(re.findall(r"`tests/[\w/]+\.py::test_\w+`", row)) != 1] == []
    assert f"docs/{page}.md" in (ROOT / "README.md").read_text()


def test_chaos_runs_all_that_is_promised() -> None:
    assert set(proofs()) == {f"{file}::{name}" for page, file, name in NAMED if page == "guarantees.md"}


def test_the_table_of_scenarios_is_linked() -> None:
    assert len(ROWS) >= 10
    assert "docs/scenarios.md" in (ROOT / "README.md").read_text()
    assert "(scenarios.md)" in (ROOT / "docs" / "pool.md").read_text()


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("README.md", hooks.names()),
        ("docs/hooks-mailboxes.md", tuple(name for name in MailboxHooks.model_fields if name != "dry_run")),
    ],
)
def test_every_hook_says_against_what_it_was_proven_and_by_which_test(page: str, names: tuple[str, ...]) -> None:
    rows = [line for line in (ROOT / page).read_text().splitlines() if line.startswith("| ") and "`tests/" in line]
    proven = {name: row for row in rows for name in re.findall(r"`(\w+)`", row.split(" | ")[0])}
    assert set(names) <= set(proven)
    for row in rows:
        for file in re.findall(r"`(tests/[\w/]+\.py)`", row):
            assert (ROOT / file).is_file(), file
