"""Letters to the customers of a sunset: what a `LetterDue` says becomes a mail, in four languages. Pure.

A template is a text as in `streams.notices`; besides lists, lines that begin with `# ` are a heading, with `! ` what
must be seen, and with `| ` a card: a first line without, and then lines with `label: value`. `docs/sunset-letters.md`
has what a template may name.
"""

import re

from streams.notices import visible
from streams.notices.paragraphs import LIST, STEPS, Mark

HEADING, CALL, CARD = "h2", "call", "card"
MARKS: tuple[Mark, ...] = (
    LIST,
    STEPS,
    (HEADING, re.compile("# ")),
    (CALL, re.compile("! ")),
    (CARD, re.compile(r"\| ")),
)
THANKS = "thanks"
_LABEL = re.compile(r":\s+")
_NO_HOST = re.compile(r"[^\w.:-]")
_LONGEST_HOST = 40


def shown(text: str) -> str:
    """Return a name of somebody's choice as it may stand in a mail of ours: one line of visible signs.

    It is no URL, and no label of a card.
    """
    return visible(_LABEL.sub(":", text).replace("://", ":/ /"))


def host_shown(name: str) -> str:
    """Return how a client calls itself (EHLO), shortened to what its owner knows it by, and "" where that is nothing.

    A name is cut at its first dot: mail programs make links of domains, and the client's owner may be a stranger.
    """
    if name.startswith("["):
        return _NO_HOST.sub("", name.removeprefix("[").removeprefix("IPv6:"))[:_LONGEST_HOST]
    label = _NO_HOST.sub("", name).partition(".")[0]
    return "" if label == "localhost" else label[:_LONGEST_HOST]
