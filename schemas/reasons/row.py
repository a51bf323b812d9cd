"""A row of the table of reasons: phrases that tell why a mail was refused."""

import msgspec

from schemas.reasons.said import Said

_APART = 60


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One way of servers to say why.

    A phrase is looked for among the words as `said` makes them: lower case, no punctuation, no apostrophes; ` * ` in it
    stands for at most 60 characters, a space at its end for the end of a word. No phrase is a pattern, so that each is
    looked for in linear time. `codes` are beginnings of the code or the enhanced status, `after` the commands that the
    reply must answer. Rows of a lower `rank` are asked first. The `sample` is what a server said.
    """

    reason: str
    phrases: tuple[str, ...]
    sample: str
    codes: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    rank: int = 1

    def fits(self, told: Said) -> bool:
        """Tell whether this row knows a reply."""
        if self.codes and not (told.code.startswith(self.codes) or told.status.startswith(self.codes)):
            return False
        if self.after and told.after not in self.after:
            return False
        words = told.words
        return any(phrase in words if " * " not in phrase else _stands(phrase, words) for phrase in self.phrases)


def _stands(phrase: str, words: str) -> bool:
    """Tell whether the parts of a phrase follow each other closely enough."""
    first, *rest = phrase.split(" * ")
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
