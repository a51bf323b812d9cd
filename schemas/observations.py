"""What a pool is told: the lists' answers, what left through its IPs, the hooks' outcomes, orders, and the time.

The same rules hold as in `schemas.events`, where they are part of the one union.
"""

from typing import Literal

import msgspec

from schemas.delisting_events import DelistingHandled
from schemas.facts import Answer, Culprit, Fact, ListFault, ReplyKind, Scope
from schemas.own_observations import DomainListingObserved, IpIdentityObserved


class ListingObserved(Fact, frozen=True, kw_only=True):
    """What a DNSBL answered about an IP (RFC 5782); `unknown` is no news about the IP.

    Of a listing, `removal` says where to ask for its end, `lasts` and `lasts_hours` when it ends by itself.
    """

    ip: str
    list: str
    answer: Answer
    codes: tuple[str, ...] = ()
    reason: str = ""
    scope: Scope
    weight: float = 0.0
    ttl_seconds: int = 0
    removal: str = ""
    lasts: str = ""
    lasts_hours: int = 0


ANSWER_MS = (0.5, 1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000)
"""Up to how many milliseconds an answer counts in each place of `ListHealthObserved.answered`."""


class ListHealthObserved(Fact, frozen=True, kw_only=True):
    """Whether a list answered its RFC 5782 test points as it must; an unhealthy list has no vote.

    `fault` is the kind of what is wrong, `next_at` when a list that refuses is asked again (0: at its usual interval).
    `ip_version` is 4 or 6 where all this is so over that one alone: then the list is healthy, and votes over the other.

    The rest is of the round's `questions`, test points and texts among them: how many got no reply in time (`silent`)
    or one that is no answer (`failed`), and of the others how long each took from its first sending, repeats
    included: `answered` has their number up to each of `ANSWER_MS`, the last beyond; `slowest_us` is the slowest, µs.
    """

    list: str
    healthy: bool
    reason: str = ""
    fault: ListFault = ""
    next_at: int = 0
    ip_version: int = 0
    questions: int = 0
    silent: int = 0
    failed: int = 0
    answered: tuple[int, ...] = ()
    slowest_us: int = 0


class TrafficCounted(Fact, frozen=True, kw_only=True):
    """What one partition saw leave through one IP to one provider since its last count."""

    partition: int
    ip: str
    provider: str = ""
    sent: int = 0
    deferred: int = 0
    bounced: int = 0
    complaints: int = 0
    first_at: int = 0
    last_at: int = 0
    senders: tuple[Culprit, ...] = ()


FURTHER_REPLIES = "further replies"
"""The text of the count of those replies that were too many to be told apart."""


class RepliesCounted(Fact, frozen=True, kw_only=True):
    """Refusals of one kind that one partition saw from one provider about one IP since its last count.

    `named` is the list or service that the text names, `pattern` the row of the table that knows it ("" if none does),
    `text` one of the replies, or, if no row knows it, what all of them have in common (docs/replies.md), or
    `FURTHER_REPLIES`, `reason` why they refused (docs/reasons.md). `messages` is how many deliveries were
    tried through this IP to this provider meanwhile.
    """

    partition: int
    ip: str
    provider: str = ""
    kind: ReplyKind
    named: str = ""
    pattern: str = ""
    enhanced_status: str = ""
    text: str = ""
    count: int = 0
    messages: int = 0
    first_at: int = 0
    last_at: int = 0
    reason: str = ""


class HookApplied(Fact, frozen=True, kw_only=True):
    """A hook brought a relay host to the active set `active` (IP to share of the traffic, 0 to 1).

    `barred` has the IPs among them that send nothing to one provider, for hooks that can express it.
    """

    pool: str
    hook: str
    host: str
    active: dict[str, float]
    decision: str = ""
    took_ms: int = 0
    barred: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)


class HookFailed(Fact, frozen=True, kw_only=True):
    """A hook could not bring a relay host to the active set; it is tried again."""

    pool: str
    hook: str
    host: str
    active: dict[str, float]
    reason: str
    decision: str = ""
    attempt: int
    barred: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)


class HookDrifted(Fact, frozen=True, kw_only=True):
    """A hook found that what it had brought in force on a relay host is not any more; it is brought in force again."""

    pool: str
    hook: str
    host: str
    active: dict[str, float]
    reason: str
    decision: str = ""
    barred: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)


PoolAction = Literal["withdraw", "restore", "pin", "unpin"]
MailboxAction = Literal["watch", "throttle", "suspend", "release"]


class OperatorActed(Fact, frozen=True, kw_only=True):
    """An operator's order, with the name and the reason; `expires_at` 0 means until revoked.

    One about an IP and a `provider` concerns what the IP sends to that provider only. `within_guard`: who gave it may
    not take the pool below `min_active`, so a withdrawal that would is refused.
    """

    operator: str
    action: Literal["withdraw", "restore", "pin", "unpin", "watch", "throttle", "suspend", "release"]
    subject: str
    reason: str
    pool: str = ""
    expires_at: int = 0
    provider: str = ""
    within_guard: bool = False


ListAction = Literal["distrust", "trust", "leave"]


class ListOrdered(Fact, frozen=True, kw_only=True):
    """An operator's word on a list in a pool ("": in all): it has no vote, or has one, whatever its tests say.

    `leave` leaves it to its tests again; `expires_at` 0 means until revoked.
    """

    pool: str = ""
    list: str
    action: ListAction
    operator: str
    reason: str
    expires_at: int = 0


class SenderJudged(Fact, frozen=True, kw_only=True):
    """A mailbox came to a step, told to the pools: no IP returns while who spoilt it goes on.

    "" where it was released; a step of the mode `propose` keeps nobody from sending.
    """

    mailbox: str
    step: Literal["", "watch", "flag", "throttle", "suspend"]
    mode: Literal["", "propose", "enforce"] = ""
    decision: str = ""


class ClockTicked(Fact, frozen=True, kw_only=True):
    """Time passed: what waits for a time-out in the pool is looked at again."""


class AlertsLooked(Fact, frozen=True, kw_only=True):
    """A desk looked in the minute that begins at `at` whether there is anything to alert: who sees no alert knows that.

    It stands here since this topic forgets: each desk reads `alert.events` from its beginning, and keeps it for ever.
    """


PoolObservation = (
    ListingObserved
    | ListHealthObserved
    | TrafficCounted
    | RepliesCounted
    | HookApplied
    | HookFailed
    | HookDrifted
    | OperatorActed
    | ListOrdered
    | SenderJudged
    | ClockTicked
    | AlertsLooked
    | IpIdentityObserved
    | DomainListingObserved
    | DelistingHandled
)
