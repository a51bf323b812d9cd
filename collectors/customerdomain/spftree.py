"""An SPF record with all that it leads to, whatever the IP: how many terms ask the DNS, what it includes, how it ends.

RFC 7208, 4.6.4: at most ten terms that ask, at most two names without anything. The walk ends beyond that. Terms are
not checked here: whoever evaluates the record does (`collectors.spf`).
"""

import re

import msgspec

from collectors.customerdomain.inquiry import Inquiry
from collectors.spf import Kind

MOST_LOOKUPS, MOST_VOID = 10, 2
_TERM = re.compile(r"(?P<qualifier>[-+~?]?)(?P<name>[a-z0-9]+)(?P<mark>[:=]?)(?P<value>[^/]*)", re.IGNORECASE)
_ASKS = frozenset(("include", "a", "mx", "ptr", "exists"))


class Tree(msgspec.Struct):
    """What the walk has seen: `ends` is the qualifier of the `all` that counts, "" where there is none."""

    lookups: int = 0
    voids: int = 0
    includes: tuple[str, ...] = ()
    ends: str = ""
    failure: str = ""

    @property
    def too_much(self) -> bool:
        """Tell whether it asks more than receivers do."""
        return self.lookups > MOST_LOOKUPS or self.voids > MOST_VOID


def records_of(texts: tuple[str, ...]) -> list[str]:
    """Return the SPF records among the TXT records of a name."""
    return [text for text in texts if re.match(r"v=spf1( |$)", text, re.IGNORECASE)]


async def walk(domain: str, inquiry: Inquiry, kind: Kind) -> Tree:
    """Walk through a domain's record; `kind` is what names are asked for, A or AAAA."""
    tree = Tree()
    tree.ends = await _of(domain, tree, inquiry, kind)
    return tree


async def _of(domain: str, tree: Tree, inquiry: Inquiry, kind: Kind) -> str:
    found = await inquiry(domain, "TXT")
    tree.failure = tree.failure or found.failure
    records = records_of(found.values)
    redirect = ""
    for term in records[0].split()[1:] if len(records) == 1 else ():
        read = _TERM.match(term)
        if read is None:
            continue
        name, value = read["name"].lower(), read["value"].lower().removesuffix(".")
        if name == "all" and not read["mark"]:
            return read["qualifier"] or "+"
        if name == "redirect" and read["mark"] == "=":
            redirect = value
        elif name in _ASKS and read["mark"] != "=":
            await _asks(name, value or domain, tree, inquiry, kind)
        if tree.too_much:
            return ""
    if not redirect:
        return ""
    tree.lookups += 1
    return "" if tree.too_much or "%" in redirect else await _of(redirect, tree, inquiry, kind)


async def _asks(name: str, value: str, tree: Tree, inquiry: Inquiry, kind: Kind) -> None:
    tree.lookups += 1
    if tree.too_much or "%" in value or name == "ptr":
        return
    if name == "include":
        tree.includes += (value,)
        await _of(value, tree, inquiry, kind)
        return
    found = await inquiry(value, "MX" if name == "mx" else "A" if name == "exists" else kind)
    tree.voids += not found.values and not found.failure
