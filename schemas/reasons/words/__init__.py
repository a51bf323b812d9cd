"""The reasons in words: the cause, and what the operator and the customer can do; each module is a language."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import NamedTuple, cast

from schemas.reasons import Reason


class Words(NamedTuple):
    """A reason in the words of one language: its title, the cause, and the remedy for operator and customer."""

    title: str
    cause: str
    operator: str
    customer: str


class Language(NamedTuple):
    """A language: each reason's words, what is said of a permanent refusal and of one that may pass, and to whom."""

    words: dict[str, Words]
    permanent: str
    passing: str
    operator: str
    customer: str


@cache
def languages() -> tuple[str, ...]:
    """Return the languages there are, sorted."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


def language(code: str) -> Language:
    """Return a language by its code. ValueError names those there are."""
    if code not in languages():
        raise ValueError(f"no language {code!r}; there are {', '.join(languages())}")
    return cast("Language", import_module(f"{__name__}.{code}").LANGUAGE)


def outlook(reason: Reason, code: str) -> str:
    """Return whether a refusal is for ever, in a language. ValueError as `language` raises it."""
    told = language(code)
    return told.permanent if reason.permanent else told.passing
