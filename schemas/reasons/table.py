"""The table of reasons: the first row that fits a reply."""

from functools import cache
from itertools import pairwise
from typing import NamedTuple

from schemas.reasons.row import Row
from schemas.reasons.rows import rows
from schemas.reasons.said import Said, phrased

_APART = 60
_BEGINNING = 3


class _Phrase(NamedTuple):
    """A phrase of a row, by the row's place in the table; `parts` stand close to each other."""

    place: int
    parts: tuple[str, ...]
    row: Row


class _Index(NamedTuple):
    """The phrases by their first word and the next one's first letter, and those of one word by how that begins."""

    by_words: dict[str, list[_Phrase]]
    by_beginning: dict[str, list[_Phrase]]


@cache
def _index() -> _Index:
    index = _Index({}, {})
    for place, row in enumerate(rows()):
        for phrase in row.phrases:
            parts = tuple(map(_part, phrase.split(" * ")))
            words = parts[0].split()
            ready = _Phrase(place, parts, row)
            if len(words) > 1:
                index.by_words.setdefault(f"{words[0]} {words[1][0]}", []).append(ready)
            else:
                index.by_beginning.setdefault(words[0][:_BEGINNING], []).append(ready)
    return index


def _part(part: str) -> str:
    """Return a part of a phrase as it is looked for: it begins a word, and ends one if it ends with a space."""
    ready = phrased(part)
    return ready if part.endswith(" ") else ready[:-1]


def find(told: Said) -> Row | None:
    """Return the first row that knows a reply, or None."""
    by_words, by_beginning = _index()
    words = told.words.split()
    keys = {f"{word} {following[0]}" for word, following in pairwise(words)}
    near = [by_words[key] for key in keys & by_words.keys()]
    near += [by_beginning[key] for key in {word[:_BEGINNING] for word in words} & by_beginning.keys()]
    best: _Phrase | None = None
    for phrases in near:
        for phrase in phrases:
            if (best is None or phrase.place < best.place) and _fits(phrase, told):
                best = phrase
    return best.row if best is not None else None


def _fits(phrase: _Phrase, told: Said) -> bool:
    row = phrase.row
    if row.codes and not (told.code.startswith(row.codes) or told.status.startswith(row.codes)):
        return False
    return (not row.after or told.after in row.after) and _stand(phrase.parts, told.words)


def _stand(parts: tuple[str, ...], words: str) -> bool:
    """Tell whether the parts of a phrase follow each other closely enough."""
    first, *rest = parts
    at = words.find(first)
    while at >= 0:
        end = at + len(first)
        for part in rest:
            found = words.find(part, end, end + _APART + len(part))
            if found < 0:
                break
            end = found + len(part)
        else:
            return True
        at = words.find(first, at + 1)
    return False
