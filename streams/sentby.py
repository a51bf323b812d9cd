"""What each sender sent through one IP since the last count, and what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from schemas.events import DeliveryAttempted
from schemas.facts import Culprit, ReplyKind
from streams.habits import NETWORKS_10M, MailboxState

_REFUSED: frozenset[ReplyKind] = frozenset(("listed", "reputation", "volume", "setup", "content"))
_BUSIEST, _WORST = 5, 3


@dataclass(slots=True)
class SentBy:
    """One sender's deliveries: each recipient counts as a message; only final answers speak against a sender."""

    messages: int = 0
    unknown_users: int = 0
    refusals: int = 0
    complaints: int = 0
    recipients: set[str] = field(default_factory=set)

    def add(self, event: DeliveryAttempted, kind: ReplyKind | None) -> None:
        """Count a delivery; `kind` is what its refusal was about, None where it was sent."""
        self.messages += 1
        self.recipients.add(event.recipient)
        if event.outcome == "bounced":
            self.unknown_users += kind == "recipient"
            self.refusals += kind in _REFUSED

    @property
    def bad(self) -> int:
        """Return how much of it went wrong."""
        return self.unknown_users + self.refusals + self.complaints


def told(senders: dict[str, SentBy], networks: Callable[[str], int]) -> tuple[Culprit, ...]:
    """Return the five busiest senders and, of the others, the three with most that went wrong.

    `networks` tells from how many client networks a sender was used within the last minutes.
    """
    busiest = sorted(senders, key=lambda name: (-senders[name].messages, name))
    rest = sorted(
        (name for name in busiest[_BUSIEST:] if senders[name].bad), key=lambda name: (-senders[name].bad, name)
    )
    return tuple(_culprit(name, senders[name], networks(name)) for name in (*busiest[:_BUSIEST], *rest[:_WORST]))


def _culprit(name: str, sent: SentBy, networks: int) -> Culprit:
    return Culprit(
        sender=name,
        messages=sent.messages,
        recipients=len(sent.recipients),
        unknown_users=sent.unknown_users,
        refusals=sent.refusals,
        complaints=sent.complaints,
        networks=networks,
    )


def networks_of(states: Mapping[str, MailboxState]) -> Callable[[str], int]:
    """Return what tells from how many networks a mailbox was used within the last minutes; 0 where it is unknown."""

    def networks(sender: str) -> int:
        state = states.get(sender)
        return round(state.counts[NETWORKS_10M]) if state is not None else 0

    return networks
