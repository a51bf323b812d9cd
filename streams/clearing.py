"""Whether the lists let an IP come back: which of them it waits for, and for how long at most.

What would withdraw it now bars it. What is too little for that bars it only if it is no trifle and began about when the
IP left, and not for ever. Silence is never taken for "not listed", but does not bar for ever either; nor does a list
that nobody asks any more.
"""

import msgspec

from schemas.facts import Evidence
from streams.hearsay import soft
from streams.present import Present
from streams.standing import Listing, Standing, microseconds, moment
from streams.trust import Vote, is_fresh, is_trusted, vote_of
from streams.window import DAY

_TRIFLE = 0.25
"""What weighs less than this share of the threshold bars no return."""
_ROUNDS_MISSED = 3
_MUTE = {"refused", "silent"}


class Bar(msgspec.Struct, frozen=True):
    """A list that an IP waits for ("" for any at all), and when that ends by itself (0: nobody knows)."""

    list: str
    evidence: Evidence
    until: int = 0


class Clearance(msgspec.Struct, frozen=True):
    """What bars the return of an IP, and where nothing does, why it may return."""

    bars: tuple[Bar, ...]
    evidence: tuple[Evidence, ...]


class _Lists(msgspec.Struct, frozen=True):
    """The lists that have told something of an IP, at one moment; `newest` is when the last of them had a round."""

    present: Present
    standing: Standing
    newest: int

    def is_fresh(self, listing: Listing) -> bool:
        return is_fresh(self.present.pool, listing, self.present.at)

    def is_trusted(self, name: str) -> bool:
        return is_trusted(self.present.pool, name, self.present.distrusted)

    def is_believed(self, name: str) -> bool:
        """Tell whether what a list last told counts: one that refuses or is silent now was not wrong then."""
        health = self.present.pool.health.get(name)
        mute = health is not None and health.fault in _MUTE
        return self.is_trusted(name) or (mute and name not in self.present.distrusted)

    @property
    def patience(self) -> int:
        """Return how long is waited for what may never come."""
        rules = self.present.pool.rules
        return microseconds(max(rules.quarantine_max_minutes, rules.stale_minutes))

    def given_up(self, name: str, listing: Listing) -> str:
        """Return in words why a list is not waited for: nobody asks it any more, or it has been silent for too long."""
        if self._is_gone(name):
            return (
                f"{name} is not asked any more, last about this IP at {moment(listing.at)}: what it named bars nothing"
            )
        if self.present.at - listing.at > self.patience:
            return f"{name} has not answered since {moment(listing.at)}: waited for as long as quarantine_max_minutes"
        return ""

    def _is_gone(self, name: str) -> bool:
        """Tell whether a list missed its rounds while others had theirs: three of them, and a day at least."""
        health = self.present.pool.health.get(name)
        if health is None:
            return False
        interval = health.at - health.before if health.before else 0
        return self.newest > health.at + max(DAY, _ROUNDS_MISSED * interval)

    def bar(self, vote: Vote, weight: float) -> Bar | None:
        """Return that a list bars the return by naming the IP; `weight` is what all that name it weigh together."""
        standing, listing, least = self.standing, vote.listing, self.present.pool.rules.threshold
        latest = max(standing.since, standing.until) + self.patience
        about_then = listing.since > standing.since - min(DAY, self.patience) and not standing.operator
        answers = self.is_fresh(listing) and self.is_trusted(vote.list)
        if weight >= least:
            until = 0 if answers else listing.at + self.patience
        elif standing.place == "probation" and listing.since > standing.since:
            until = 0
        elif vote.weight >= _TRIFLE * least and about_then and self.present.at < latest:
            until = latest
        else:
            return None
        told = vote.evidence()
        if not answers:
            told = msgspec.structs.replace(told, text=f"{told.text}; it has not answered since {moment(listing.at)}")
        return Bar(vote.list, told, until)


def clearance(present: Present, standing: Standing) -> Clearance:
    """Return what bars an IP's return, or why it may come back.

    Nothing that names it bars it, and each list that caused the withdrawal was heard lately; where none of those is
    trusted or asked any more, any other trusted list must be. An operator's withdrawal waits for what would withdraw
    the IP now, and for nothing else.
    """
    health = present.pool.health
    newest = max((health[name].at for name in standing.listings if name in health), default=0)
    lists = _Lists(present, standing, newest)
    known = {name: listing for name, listing in standing.listings.items() if lists.is_believed(name)}
    lost = {name: why for name, listing in known.items() if (why := lists.given_up(name, listing))}
    known = {name: listing for name, listing in known.items() if name not in lost}
    votes = _naming(lists, known)
    weight = sum(vote.weight for vote in votes)
    if votes:
        weight += sum(item.points for item in soft(present.pool, standing, present.at))
    bars = [bar for vote in votes if (bar := lists.bar(vote, weight))]
    bars += _unheard(lists, known, {vote.list for vote in votes}, any_bars=bool(bars))
    return Clearance(tuple(bars), tuple(_why(lists, known, votes, lost)))


def _naming(lists: _Lists, known: dict[str, Listing]) -> list[Vote]:
    """Return what names the IP and is not forgiven; after an operator's withdrawal only what has a vote now."""
    return [
        vote_of(name, listing)
        for name, listing in sorted(known.items())
        if listing.names
        and not listing.forgiven
        and (not lists.standing.operator or (lists.is_fresh(listing) and lists.is_trusted(name)))
    ]


def _unheard(lists: _Lists, known: dict[str, Listing], naming: set[str], *, any_bars: bool) -> list[Bar]:
    """Return the lists whose word is still missing."""
    standing = lists.standing
    bars = []
    for name in standing.causes:
        listing = known.get(name)
        if listing and name not in naming and lists.is_trusted(name) and not lists.is_fresh(listing):
            text = f"{name} caused the withdrawal, and has not answered since {moment(listing.at)}"
            bars.append(Bar(name, Evidence(rule=f"dnsbl/{name}", text=text), listing.at + lists.patience))
    heard = any(lists.is_trusted(name) and lists.is_fresh(listing) for name, listing in known.items())
    if heard or bars or any_bars or not standing.causes:
        return bars
    last = max((listing.at for listing in standing.listings.values()), default=standing.since)
    if lists.present.at - last > lists.patience:
        return []
    text = f"no list that is trusted has answered about it since {moment(last)}"
    return [Bar("", Evidence(rule="dnsbl/", text=text), last + lists.patience)]


def _why(lists: _Lists, known: dict[str, Listing], votes: list[Vote], lost: dict[str, str]) -> list[Evidence]:
    named = {vote.list for vote in votes}
    said = [
        Evidence(rule=f"dnsbl/{name}", text=f"{name} does not list it, asked at {moment(listing.at)}")
        for name, listing in sorted(known.items())
        if listing.answer == "not_listed" and lists.is_trusted(name) and lists.is_fresh(listing)
    ]
    for vote in votes:
        told = vote.evidence()
        said.append(msgspec.structs.replace(told, text=f"{told.text}: too little to wait for"))
    for name, why in sorted(lost.items()):
        if name not in named and (lists.standing.listings[name].names or name in lists.standing.causes):
            said.append(Evidence(rule=f"dnsbl/{name}", text=why))
    return said
