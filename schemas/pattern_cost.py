"""How much work a pattern may be on any text: what a stranger writes must not make comparing slow.

A pattern is tried in all ways in which its parts can share a text. Parts that leave no choice, as a repetition whose
characters cannot begin what follows it, have one way; the others' ways multiply.
"""

from re import _constants as _codes  # type: ignore[attr-defined]  # how a pattern is built is not public
from re import _parser  # type: ignore[attr-defined]  # likewise
from typing import Any, NamedTuple

_OTHER = 256
_ALL = frozenset(range(_OTHER + 1))
_MOST = 10**12
_REPEATS = (_codes.MAX_REPEAT, _codes.MIN_REPEAT, _codes.POSSESSIVE_REPEAT)
_ZERO_WIDTH = (_codes.ASSERT, _codes.ASSERT_NOT, _codes.AT)
_Chars = frozenset[int]


class _Part(NamedTuple):
    """In how many ways a part may fit at one place, how many steps these take, and what may begin it."""

    ways: int
    steps: int
    first: _Chars
    empty: bool


_NOTHING = _Part(1, 0, frozenset(), empty=True)


def steps(pattern: str) -> int:
    """Return how many steps comparing may take at most; a pattern must be one that `re` can read."""
    return _sequence(_parser.parse(pattern), frozenset()).steps


def _sequence(parsed: Any, follow: _Chars) -> _Part:  # noqa: ANN401 re's own tree has no type
    """Return what the parts of a sequence make together; `follow` may come behind it."""
    whole = _NOTHING
    for code, given in reversed(list(parsed)):
        part = _part(code, given, whole.first | (follow if whole.empty else frozenset()))
        whole = _Part(
            min(_MOST, part.ways * whole.ways),
            min(_MOST, part.steps + part.ways * whole.steps),
            part.first | (whole.first if part.empty else frozenset()),
            part.empty and whole.empty,
        )
    return whole


def _part(code: Any, given: Any, follow: _Chars) -> _Part:  # noqa: ANN401 likewise
    if code in _REPEATS:
        return _repeat(code, given, follow)
    if code is _codes.SUBPATTERN:
        return _sequence(given[3], follow)
    if code is _codes.ATOMIC_GROUP:
        return _sequence(given, follow)._replace(ways=1)
    if code is _codes.BRANCH:
        return _branch([_sequence(one, follow) for one in given[1]], follow)
    if code in _ZERO_WIDTH:
        within = 0 if code is _codes.AT else _sequence(given[1], frozenset()).steps
        return _Part(1, within + 1, frozenset(), empty=True)
    return _Part(1, 1, _characters(code, given), empty=False)


def _branch(branches: list[_Part], follow: _Chars) -> _Part:
    """Return alternatives: as many ways as those have that the same character may begin."""
    begun = [(one.ways, one.first | (follow if one.empty else frozenset())) for one in branches]
    first: _Chars = frozenset().union(*(one.first for one in branches))
    empty = sum(one.ways for one in branches if one.empty)
    most = max((sum(ways for ways, chars in begun if char in chars) for char in first | follow), default=1)
    return _Part(max(1, empty, most), sum(one.steps + 1 for one in branches), first, empty > 0)


def _repeat(code: Any, given: Any, follow: _Chars) -> _Part:  # noqa: ANN401 likewise
    least, most, inner = int(given[0]), min(int(given[1]), 1000), given[2]
    one = _sequence(inner, _sequence(inner, frozenset()).first | follow)
    ways = [min(_MOST, one.ways**number) for number in range(most + 1)]
    told = not one.empty and one.ways == 1 and (least == most or not one.first & follow)
    some = 1 if told or code is _codes.POSSESSIVE_REPEAT else min(_MOST, sum(ways[least:]))
    return _Part(some, min(_MOST, sum(ways) * max(1, one.steps)), one.first, one.empty or not least)


def _characters(code: Any, given: Any) -> _Chars:  # noqa: ANN401 likewise
    """Return the characters that an element may be, as numbers; all beyond Latin 1 are one."""
    if code is _codes.LITERAL:
        return _cased(given)
    if code is _codes.IN:
        negated = bool(given) and given[0][0] is _codes.NEGATE
        among: _Chars = frozenset().union(*(_characters(*one) for one in given[negated:]))
        return (_ALL - _exactly(given[1:])) | {_OTHER} if negated else among
    if code is _codes.RANGE:
        low, high = given
        among = frozenset().union(*(_cased(one) for one in range(low, min(high, _OTHER - 1) + 1)))
        return among | {_OTHER} if high >= _OTHER else among
    return _category(given) if code is _codes.CATEGORY else _ALL


def _exactly(given: Any) -> _Chars:  # noqa: ANN401 likewise
    """Return what a negated set leaves out for sure."""
    return frozenset(char for one in given for char in _characters(*one)) - {_OTHER}


def _cased(number: int) -> _Chars:
    both = {number, *map(ord, {chr(number).lower()[0], chr(number).upper()[0]})}
    return frozenset(min(one, _OTHER) for one in both)


def _category(name: Any) -> _Chars:  # noqa: ANN401 likewise
    digits = frozenset(number for number in range(_OTHER) if chr(number).isdecimal())
    spaces = frozenset(number for number in range(_OTHER) if chr(number).isspace())
    words = frozenset(number for number in range(_OTHER) if chr(number).isalnum()) | {ord("_")}
    known = {
        _codes.CATEGORY_DIGIT: digits | {_OTHER},
        _codes.CATEGORY_NOT_DIGIT: _ALL - digits,
        _codes.CATEGORY_SPACE: spaces | {_OTHER},
        _codes.CATEGORY_NOT_SPACE: _ALL - spaces,
        _codes.CATEGORY_WORD: words | {_OTHER},
        _codes.CATEGORY_NOT_WORD: _ALL - words,
    }
    return known.get(name, _ALL)
