"""The configuration of replies: patterns of one's own for what remote servers say (docs/replies.md)."""

import json
import re
from re import _constants as _codes  # type: ignore[attr-defined]  # how a pattern is built is not public
from re import _parser  # type: ignore[attr-defined]  # likewise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator

from schemas.part import Part
from schemas.pattern_cost import steps

_MOST = 300
_BUDGET = 500_000
_CASE = re.compile(r"\(\?[a-zA-Z]{0,9}-[a-z]")
_HEAD = re.compile(r"(?:[45]\d\d ?)?(?:[45]\.\d{1,3}\.\d{1,3} ?)?")
_LETTERS = re.compile(r"[A-Za-z]{2,30}")
_MOST_SUGGESTED = 100
_ZEROS = re.compile(r"0+")
_REPEATS = (_codes.MAX_REPEAT, _codes.MIN_REPEAT, _codes.POSSESSIVE_REPEAT)


def bounded(pattern: str, budget: int = _BUDGET) -> str:
    """Return a pattern that is no danger on a stranger's text. ValueError says why it is none, or one that is.

    Nothing may repeat without an end or within another repetition, and all the ways to fit a text together may take
    no more steps than the budget.
    """
    try:
        parsed = _parser.parse(pattern)
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{pattern!r} is no pattern: {error}") from None
    if _CASE.search(pattern):
        raise ValueError(f"{pattern!r} changes how a part is compared")
    _ends(pattern, parsed, repeated=False)
    needed = steps(pattern)
    if needed > budget:
        raise ValueError(f"{pattern!r} may take {needed} steps, not {budget} at most: let fewer parts share a text")
    return pattern


def _ends(pattern: str, parsed: Any, *, repeated: bool) -> None:  # noqa: ANN401 re's own tree has no type
    for code, given in parsed:
        if code in _REPEATS:
            _, most, inner = given
            if most > _MOST:
                raise ValueError(f"{pattern!r} repeats without an end: say how often at most, {{0,{_MOST}}}")
            if repeated and most > 1:
                raise ValueError(f"{pattern!r} repeats what repeats")
            _ends(pattern, inner, repeated=repeated or most > 1)
        elif code in (_codes.GROUPREF, _codes.GROUPREF_EXISTS):
            raise ValueError(f"{pattern!r} refers back to a group")
        else:
            for part in _parts(given):
                _ends(pattern, part, repeated=repeated)


def _parts(given: Any) -> list[Any]:  # noqa: ANN401 likewise
    """Return the sub-patterns within what re's tree holds of one element."""
    if isinstance(given, _parser.SubPattern):
        return [given]
    if isinstance(given, tuple | list):
        return [part for item in given for part in _parts(item)]
    return []


class OwnReply(Part):
    """A row of your own for the table of replies: it is asked before the built-in ones.

    `pattern` is compared from the first word behind the reply's codes on; `words` are such of which every reply that it
    fits holds one, so that the others need no look.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    kind: Literal["listed", "reputation", "volume", "setup", "greylisted", "content", "recipient", "other"]
    pattern: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(bounded)]
    named: Annotated[str, Field(pattern=r"^[a-z0-9._-]{0,60}$")] = ""
    codes: tuple[Annotated[str, Field(pattern=r"^[45][0-9.]{0,9}$")], ...] = ()
    words: tuple[Annotated[str, Field(min_length=2, max_length=80)], ...] = ()


class Replies(Part):
    """Patterns of your own."""

    own: tuple[OwnReply, ...] = ()

    @field_validator("own")
    @classmethod
    def _once(cls, own: tuple[OwnReply, ...]) -> tuple[OwnReply, ...]:
        names = [one.name for one in own]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} stands there twice")
        return own


def suggested(text: str) -> str:
    """Return a row for the configuration to begin with, that fits a reply without a pattern; its kind is to be chosen.

    The text is without numbers, so that a 0 in it stands for any, and several for one; nothing of it can become another
    setting.
    """
    words = _ZEROS.sub("0", _HEAD.sub("", text, count=1)[:_MOST_SUGGESTED])
    pattern = re.escape(words).replace("0", r"\d{1,20}").replace("\\ ", " ")
    sign = max((word.lower() for word in _LETTERS.findall(words)), key=len, default="")
    name = "_".join(word.lower() for word in _LETTERS.findall(words)[:4])[:40].rstrip("_") or "reply"
    lines = [
        "[[replies.own]]",
        f'name = "{name}"',
        'kind = "other"  # listed, reputation, volume, setup, greylisted, content, recipient, other',
        f"pattern = {json.dumps(pattern)}",
    ]
    return "\n".join([*lines, f'words = ["{sign}"]'] if sign else lines)
