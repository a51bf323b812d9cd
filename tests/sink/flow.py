"""A flow of deliveries into the log that goes as far as it is let."""

import random
import threading
import time

from tests.sink.rig import Rig

SOURCES = ("a" * 16, "b" * 16, "c" * 16, "d" * 16)
EVENTS = 50_000
SHARE = EVENTS // 4


class Flow(threading.Thread):
    """Sends each source's deliveries in chunks; one chunk in five goes back and repeats with other boundaries.

    It goes no further than it is let; `sent` is how many events it has sent.
    """

    def __init__(self, rig: Rig, chance: random.Random, pause: float) -> None:
        super().__init__(daemon=True)
        self._rig, self._chance, self._pause = rig, chance, pause
        self._let = threading.Condition()
        self._limit = self.sent = 0

    def let(self, parts: int, of: int) -> None:
        """Let it go on until so many parts of all are sent."""
        with self._let:
            self._limit = SHARE * parts // of
            self._let.notify_all()

    def run(self) -> None:
        """Send all, as far as it is let."""
        reached = dict.fromkeys(range(4), 0)
        while min(reached.values()) < SHARE:
            with self._let:
                self._let.wait_for(lambda: min(reached.values()) < self._limit)
                limit = self._limit
            for partition in (each for each in reached if reached[each] < limit):
                start = reached[partition]
                if self._chance.random() < 0.2:
                    start = max(0, start - self._chance.randrange(600))
                end = min(limit, start + self._chance.randrange(1, 500))
                self._rig.send(partition, SOURCES[partition], start, end)
                reached[partition] = max(reached[partition], end)
                self.sent = sum(reached.values())
                time.sleep(self._pause)
        self._rig.producer.flush()
