"""What is decided about delisting cases: from the first listing of an IP, a network or a domain to the end of it.

A case is one list and one subject; it keeps its number for ever, so that a relapse opens the same case again.
"""

from typing import Literal

from schemas.facts import Culprit, Evidence, Fact

Subject = Literal["ip", "network", "as", "domain"]
Outcome = Literal["delisted", "expired", "not_ours", "given_up"]
"""How a case ended: the list took the entry back after a request, or without one; the IP is none of ours any more; an
operator gave it up.
"""
ClosedByHand = Literal["delisted", "expired", "given_up"]
"""How an operator may say that a case ended."""
Deed = Literal["requested", "noted", "closed"]
NoteKind = Literal["joined", "withdrawn", "stopped", "drifted", "stays", "returned", "culprit", "operator"]


class DelistingHandled(Fact, frozen=True, kw_only=True):
    """What an operator did about a case: asked for removal, wrote something down, closed it. The fold decides on it.

    `taken_back`: what he, or another, did before is as if it had not been; `takes_back` is the id of that event.
    """

    case: str
    action: Literal["requested", "noted", "closed", "taken_back"]
    operator: str
    how: str = ""
    reference: str = ""
    note: str = ""
    outcome: Literal["", "delisted", "expired", "given_up"] = ""  # a `ClosedByHand`, where it was closed
    takes_back: str = ""


class OfCase(Fact, frozen=True, kw_only=True):
    """What every decision about a case says: which, of which pool ("": a domain), and which list names what."""

    case: str
    pool: str = ""
    list: str
    subject: str


class DelistingOpened(OfCase, frozen=True, kw_only=True):
    """A trusted list names a subject since `since`; `relapse` counts the openings before within the memory.

    `removal` is where to ask ("none: …" where nobody can), `lasts` and `lasts_hours` how long an entry stays by itself
    as far as the list's operator tells. `culprits` had sent through the IP.
    """

    scope: Subject
    since: int
    ips: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    reason: str = ""
    removal: str = ""
    lasts: str = ""
    lasts_hours: int = 0
    relapse: int = 0
    evidence: tuple[Evidence, ...] = ()
    culprits: tuple[Culprit, ...] = ()


class DelistingNoted(OfCase, frozen=True, kw_only=True):
    """Something that belongs into the case: a further IP, what became of the IP or a culprit, an operator's words."""

    kind: NoteKind
    ips: tuple[str, ...] = ()
    operator: str = ""
    evidence: tuple[Evidence, ...] = ()
    culprits: tuple[Culprit, ...] = ()


class DelistingRequested(OfCase, frozen=True, kw_only=True):
    """An operator asked for removal, for the `requests`th time since the case was opened."""

    operator: str
    how: str = ""
    reference: str = ""
    note: str = ""
    requests: int = 0


class DelistingClosed(OfCase, frozen=True, kw_only=True):
    """The case ended `took_seconds` after the listing began, `waited_seconds` after the first of `requests` (0: none).

    `relapse` is that of its opening; `operator` is set where somebody closed it by hand.
    """

    outcome: Outcome
    took_seconds: int = 0
    waited_seconds: int = 0
    requests: int = 0
    relapse: int = 0
    operator: str = ""
    note: str = ""


class DelistingTakenBack(OfCase, frozen=True, kw_only=True):
    """What an operator did about the case counts no more: `takes_back` is the id of that event, `what` its kind.

    A case that he had closed is open again, as it was.
    """

    takes_back: str
    what: Deed
    operator: str
    note: str = ""


DelistingEvent = DelistingOpened | DelistingNoted | DelistingRequested | DelistingClosed | DelistingTakenBack
