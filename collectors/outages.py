"""One outage of a broker is told once, however many threads of a process publish."""

import threading

from schemas.readiness import READINESS


class Outages:
    """Which publishers of this process find no broker: an outage is told once, not by each of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._away: dict[tuple[str, ...], set[int]] = {}

    def begins(self, bootstrap: tuple[str, ...], publisher: int) -> bool:
        """Note that a publisher finds none; tell whether it is the first."""
        with self._lock:
            away = self._away.setdefault(bootstrap, set())
            first = not away
            away.add(publisher)
            READINESS.waits("acknowledgements", f"the broker at {', '.join(bootstrap)} takes no events")
            return first

    def ends(self, bootstrap: tuple[str, ...], publisher: int) -> None:
        """Note that a publisher finds one again, or ends."""
        with self._lock:
            self._away.get(bootstrap, set()).discard(publisher)
            if not any(self._away.values()):
                READINESS.has("acknowledgements")


OUTAGES = Outages()
