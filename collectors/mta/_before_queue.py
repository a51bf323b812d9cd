"""Before-queue filters (smtpd_proxy_filter): whose message a filter hands on, as far as the log has told.

Postfix gives a message no queue id before the filter hands it on. The smtpd process ties what it says when the message
begins (`NOQUEUE: client=`) to what it says when the filter took it (`proxy-accept`, with the queue id it came back
under); `orig_client=` ties the message that came back to the client, where the filter passes that on (XFORWARD).

Manual: https://www.postfix.org/SMTPD_PROXY_README.html
"""

from collections import OrderedDict
from collections.abc import Iterable

import msgspec

from schemas.facts import SenderKind

_LIFETIME = 60 * 60 * 1_000_000
_MOST = 10_000


class Front(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A client's message on its way through the filter; `client` is written as the log writes it."""

    at: int
    host: str
    process: str
    client: str
    sender: str
    kind: SenderKind
    client_name: str
    client_ip: str
    method: str


class Fronts:
    """The messages that are in a filter: of each smtpd process the last, of all at most `_MOST`."""

    def __init__(self, fronts: Iterable[Front] = ()) -> None:
        self._open: OrderedDict[tuple[str, str], Front] = OrderedDict()
        self._of: dict[tuple[str, str], dict[str, Front]] = {}  # by host and client, and by host and ""
        for front in fronts:
            self.begin(front)

    def snapshot(self) -> list[Front]:
        """Return all, to be given to the next `Fronts`."""
        return list(self._open.values())

    def begin(self, front: Front) -> None:
        """Note that a process gives a message to the filter: the one before is over, whatever became of it."""
        self.end(front.host, front.process)
        self._open[front.host, front.process] = front
        for client in ("", front.client):
            self._of.setdefault((front.host, client), {})[front.process] = front
        if len(self._open) > _MOST:
            self.end(*next(iter(self._open)))

    def end(self, host: str, process: str) -> Front | None:
        """Return the message that a process had in the filter, and forget it."""
        front = self._open.pop((host, process), None)
        for key in ((host, ""), (host, front.client)) if front is not None else ():
            del self._of[key][process]
            if not self._of[key]:
                del self._of[key]
        return front

    def any(self, host: str, at: int) -> bool:
        """Tell whether a host has a message in the filter."""
        newest = next(reversed(self._of.get((host, ""), {}).values()), None)
        return newest is not None and _is_recent(newest, at)

    def of(self, host: str, client: str, at: int) -> Front | None:
        """Return the message that a client has in the filter. None where it has none, or several of several senders."""
        found = [front for front in self._of.get((host, client), {}).values() if _is_recent(front, at)]
        return found[-1] if len({(front.kind, front.sender) for front in found}) == 1 else None


def _is_recent(front: Front, at: int) -> bool:
    return front.at + _LIFETIME >= at
