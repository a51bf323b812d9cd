"""What `--help` says of every command: a name in brackets is no markup, and stands there."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import typer.main

import relaywarden
from tests.command.shell import run

if TYPE_CHECKING:
    from typer._click.core import Command  # typer.main gives commands of its own click

_BRACKETS = re.compile(r"\[[^\]\n]+\]")


def commands(command: "Command", path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], "Command"]]:
    """Yield each command and group with the words that call it."""
    yield path, command
    for name, each in getattr(command, "commands", {}).items():
        yield from commands(each, (*path, name))


ALL = dict(commands(typer.main.get_command(relaywarden.app)))


def named(command: "Command") -> set[str]:
    """Return what stands in brackets in a command's own words, and in those of what it takes."""
    said = [command.help or "", *(getattr(each, "help", "") or "" for each in command.params)]
    said += [each.metavar or "" for each in command.params]
    said += [each.help or "" for each in getattr(command, "commands", {}).values()]
    return set(_BRACKETS.findall("\n".join(said).replace("\\[", "[")))


@pytest.mark.parametrize("path", ALL, ids=lambda path: " ".join(path) or "relaywarden")
def test_no_name_in_brackets_is_lost(path: tuple[str, ...]) -> None:
    done = run(*path, "--help", env={"COLUMNS": "400"})
    assert done.returncode == 0
    missing = {name for name in named(ALL[path]) if name not in done.stdout}
    assert not missing, done.stdout
    assert "\\[" not in done.stdout


def test_there_are_names_in_brackets_to_look_for() -> None:
    assert {"[alert.channel]", "[dnsbl]", "[directory]"} <= set().union(*map(named, ALL.values()))
