"""A row of the table of reasons: phrases that tell why a mail was refused."""

import msgspec

LAST = 4
"""The rank of words so general that a specific enhanced status says more."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One way of servers to say why.

    A phrase is looked for among the words as `said` makes them: lower case, no punctuation, no apostrophes. It begins a
    word, and ends one if a space ends it; ` * ` in it stands for at most 60 characters. No phrase is a pattern, so that
    each is looked for in linear time. `codes` are beginnings of the code or the enhanced status, `after` the commands
    that the reply must answer. Rows of a lower `rank` are asked first. `proven`: who says this speaks of the recipient,
    whatever command it answers. The `sample` is what a server said.
    """

    reason: str
    phrases: tuple[str, ...]
    sample: str
    codes: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    rank: int = 1
    proven: bool = False
