"""What leaves the desk as alerts: each channel speaks by a process of its own, and one that hangs holds up no other.

Before a message is tried, the topic says that this desk does; what another desk said first is left to it. A desk that
was killed finds its own words there and tries again: a message comes at least once, each time under the same number.
"""

import logging
import socket
from collections.abc import Callable, Mapping
from typing import NamedTuple

from schemas.alert_events import AlertDelivered, DeliveryStatus
from schemas.alert_settings import Alerting
from schemas.names import derived_id, source_id
from schemas.settings import Settings
from streams.alert_channels import links, url_of
from streams.alert_mouth import Answer, Order, Speaking
from streams.alerts.book import Alert, Book
from streams.alerts.causes import Cause, Key
from streams.alerts.posting import GIVE_UP, Post, due
from streams.alerts.words import Text, neutral, text_of
from streams.journal import Journal

LOG = logging.getLogger("relaywarden.desk")
_ANSWER_SECONDS = 60.0


class _Way(NamedTuple):
    """A message on its way."""

    post: Post
    speaking: Speaking


class Posts:
    """The channels of a configuration; `clock` tells the time in µs."""

    def __init__(self, settings: Settings, alerting: Alerting, clock: Callable[[], int]) -> None:
        self._alerting, self._clock = alerting, clock
        self._desk = source_id(socket.gethostname(), settings.data.absolute())
        self._ways: dict[str, _Way] = {}
        self._trouble: dict[str, str] = {}

    def turn(self, book: Book, causes: Mapping[Key, Cause], journal: Journal, take: Callable[[], None]) -> None:
        """Tell what became of what is on its way, and begin what is due; `take` reads on what the topic has."""
        self._ended(book, journal)
        take()
        begun: set[str] = set()
        for post in list(due(book, self._alerting, self._desk, self._clock())):
            if post.channel in self._ways or post.channel in begun:
                continue
            begun.add(post.channel)
            journal.append((post.event(self._desk, self._clock()),))
            take()
            held = book.messages.get(post.message)
            if held is not None and (held.desk, held.attempt, held.status) == (self._desk, post.attempt, "begun"):
                self._begin(post, book, causes, journal)

    def stop(self) -> None:
        """End what is on its way: it is tried again at the next start."""
        for way in self._ways.values():
            way.speaking.end()
        self._ways = {}

    def _begin(self, post: Post, book: Book, causes: Mapping[Key, Cause], journal: Journal) -> None:
        alerts = [book.alerts[number] for number in post.alerts if number in book.alerts]
        text = self._text(alerts, causes, post)
        try:
            url = url_of(post.channel, self._alerting.channel[post.channel])
            self._ways[post.channel] = _Way(
                post, Speaking(Order(url, text.title, text.body, text.kind), _ANSWER_SECONDS)
            )
        except (ValueError, OSError) as error:
            self._tell(post, Answer(taken=False, words=str(error)), book, journal)

    def _text(self, alerts: list[Alert], causes: Mapping[Key, Cause], post: Post) -> Text:
        told = {each.raised.alert: links(self._alerting.dashboard_url, each.raised) for each in alerts}
        return text_of(alerts, causes, post.telling, post.message, told)

    def _ended(self, book: Book, journal: Journal) -> None:
        for name, way in list(self._ways.items()):
            answer = way.speaking.answer()
            if answer is not None:
                del self._ways[name]
                self._tell(way.post, answer, book, journal)

    def _tell(self, post: Post, answer: Answer, book: Book, journal: Journal) -> None:
        at = self._clock()
        begun = book.messages.get(post.message)
        late = begun is not None and at - begun.first >= GIVE_UP
        status: DeliveryStatus = "sent" if answer.taken else "given_up" if late else "failed"
        words = neutral(answer.words)
        journal.append((
            AlertDelivered(
                id=derived_id(post.message, post.attempt, status, self._desk), at=at, message=post.message,
                channel=post.channel, telling=post.telling, alerts=post.alerts, status=status, answer=words,
                attempt=post.attempt, desk=self._desk,
            ),
        ))  # fmt: skip
        if status == "sent":
            self._trouble.pop(post.channel, None)
        elif self._trouble.get(post.channel) != words:
            LOG.error("alert.channel.%s took no alert, it is tried again: %s", post.channel, words)
            self._trouble[post.channel] = words
