"""Where the templates of customers' mails come from: those that come along, and a company's own folder over them."""

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

_ENDINGS = (".txt", ".html")
_MOST_CHARACTERS = 200_000


def texts(own: Path | None) -> dict[str, str]:
    """Return all templates of notices by name; a file of the own folder replaces the one of the same name, or is added.

    ValueError where the folder or one of its files cannot be read.
    """
    return built_in("streams.notices") | (folder_of(own, "mailboxes.hooks.customer_mail.templates") if own else {})


def built_in(package: str) -> dict[str, str]:
    """Return the templates that come along with a package."""
    return dict(_read(resources.files(package) / "templates", ""))


def folder_of(folder: Path, setting: str) -> dict[str, str]:
    """Return the templates of a company's own folder. ValueError, naming the setting, where it cannot be read."""
    place = f"{setting}: {folder}"
    if not folder.is_dir():
        raise ValueError(f"{place} is no folder")
    try:
        found = dict(_read(folder, ""))
    except OSError as error:
        raise ValueError(f"{place}: {error.filename}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{place}: a template is no UTF-8: {error}") from error
    large = [name for name, text in found.items() if len(text) > _MOST_CHARACTERS]
    if large:
        raise ValueError(f"{place}: {large[0]} is too long for a mail")
    return found


def _read(folder: Traversable, prefix: str) -> list[tuple[str, str]]:
    found = []
    for file in folder.iterdir():
        name = f"{prefix}{file.name}"
        if file.is_dir():
            found += _read(file, f"{name}/")
        elif name.endswith(_ENDINGS):
            found.append((name, file.read_text(encoding="utf-8")))
    return found
