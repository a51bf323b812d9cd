"""The findings about customers' domains in words; each module is a language, `en` the one of events and pages."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import cast


@cache
def languages() -> tuple[str, ...]:
    """Return the languages there are, sorted."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


@cache
def words(language: str) -> Mapping[str, str]:
    """Return each finding's sentence in a language. ValueError names those there are."""
    if language not in languages():
        raise ValueError(f"no language {language!r}; there are {', '.join(languages())}")
    return cast("Mapping[str, str]", import_module(f"{__name__}.{language}").SENTENCES)


def sentence(code: str, values: Sequence[str], language: str) -> str:
    """Return a finding's sentence, filled in; of a finding that this release does not know, its code and values."""
    known = words(language).get(code)
    if known is None:
        return ": ".join(filter(None, (code.replace("_", " "), ", ".join(values))))
    return known.format(*values, *[""] * 4)
