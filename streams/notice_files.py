"""Where the templates of customers' mails come from: those that come along, and a company's own folder over them."""

from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

_ENDINGS = (".txt", ".html")
_MOST_CHARACTERS = 200_000


def texts(own: Path | None) -> dict[str, str]:
    """Return all templates of notices by name; a file of the own folder replaces the one of the same name, or is added.

    ValueError where the folder or one of its files cannot be read.
    """
    if own is None:
        return built_in("streams.notices")
    found, faults = folder_of(own, "mailboxes.hooks.customer_mail.templates")
    if faults:
        raise ValueError(faults[0])
    return built_in("streams.notices") | found


def built_in(package: str) -> dict[str, str]:
    """Return the templates that come along with a package."""
    return {name: file.read_text(encoding="utf-8") for name, file in _files(resources.files(package) / "templates", "")}


def folder_of(folder: Path, setting: str) -> tuple[dict[str, str], list[str]]:
    """Return the templates of a company's own folder, and what of it cannot be read, with the setting and the file."""
    place = f"{setting}: {folder}"
    if not folder.is_dir():
        return {}, [f"{place} is no folder"]
    found: dict[str, str] = {}
    faults: list[str] = []
    try:
        for name, file in _files(folder, ""):
            try:
                text = file.read_text(encoding="utf-8")
            except UnicodeDecodeError as error:
                faults.append(f"{place}/{name}: a template is no UTF-8: {error}")
                continue
            if len(text) > _MOST_CHARACTERS:
                faults.append(f"{place}/{name} is too long for a mail")
            else:
                found[name] = text
    except OSError as error:
        faults.append(f"{place}: {error.filename}: {error.strerror}")
    return found, faults


def _files(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for file in folder.iterdir():
        name = f"{prefix}{file.name}"
        if file.is_dir():
            yield from _files(file, f"{name}/")
        elif name.endswith(_ENDINGS):
            yield name, file
