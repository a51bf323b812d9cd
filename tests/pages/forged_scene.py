"""Every hand of the pages but those of test_hands_access, each with what a browser sends; one scene that has all."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from kafka import KafkaConsumer, TopicPartition
from streamlit.proto.WidgetStates_pb2 import WidgetState

from dashboards.access import Deed
from embedded.clickhouse import ClickHouseServer
from schemas import codec
from schemas.delisting_events import DelistingRequested
from schemas.events import Event
from schemas.names import derived_id
from schemas.observations import TrafficCounted
from schemas.retry_events import LetterTried, RetryOrdered
from schemas.topics import TOPICS
from tests.pages import alert_scene, sunset_scene
from tests.pages.conftest import store
from tests.pages.hands_scene import Desk, desk
from tests.pages.scene import IPS, MINUTE
from tests.pages.test_hands_provider import CASE, opening
from tests.pages.test_pipeline_page import LINE
from tests.pages.test_pipeline_page import fill as fill_pipeline
from tests.pages.wire import Session

ANNA, LIST, PROVIDER, PREVIEW = "anna@acme.example", "spamhaus_zen", "posteo.de", "preview1"


@dataclass(frozen=True)
class Hand:
    """A button of a page: what stands in the URL once a row is picked, what is chosen and typed, what is then written.

    `needs` is what it must be allowed for, `action` is what it is called in the audit log, and `says` what its event
    says at least. `label` is the button's where it is not "Order: " with the action.
    """

    page: str
    query: Mapping[str, str]
    needs: Deed
    action: str
    says: Mapping[str, object]
    typed: str = ""
    chosen: Mapping[str, str] = field(default_factory=dict)
    label: str = ""
    reasoned: bool = True
    place: str = ""
    by: str = "kim@example.net"

    @property
    def url(self) -> str:
        """Return the page with its query."""
        return f"{self.page}?{urlencode(self.query)}"

    def __str__(self) -> str:
        """Return its name as that of a test."""
        return f"{self.place}: {self.action}"

    def choosing(self, pages: Session) -> list[WidgetState]:
        """Return what a browser sends when it is chosen, by the widgets that this session shows."""
        picked = [WidgetState(id=pages.widget(name), string_value=value) for name, value in self.chosen.items()]
        if self.label:
            return picked
        return [*picked, WidgetState(id=pages.widget("Order"), string_value=self.action)]

    def pressing(self, pages: Session, reason: str) -> list[WidgetState]:
        """Return what a browser sends when it is pressed."""
        typed = [WidgetState(id=pages.widget("Confirmation"), string_value=self.typed)] if self.typed else []
        why = [WidgetState(id=pages.widget("Reason"), string_value=reason)] if self.reasoned else []
        return [*self.choosing(pages), *why, *typed, WidgetState(id=self.button(pages), trigger_value=True)]

    def button(self, pages: Session) -> str:
        """Return the id of its button, "" where a session does not show it."""
        return pages.widget(self.label or f"Order: {self.action}")


_PAIR = {"pair": f"{IPS[0]} {PROVIDER}"}
_THERE = {"type": "operator_acted", "subject": IPS[0], "provider": PROVIDER}


def _delisting(action: str, deed: Deed, typed: str = "") -> Hand:
    says = {"type": "delisting_handled", "action": deed, "case": CASE}
    return Hand("delisting", {"delisting": CASE}, deed, action, says, typed, place="hand.delisting")


def _list(action: Deed, typed: str = "") -> Hand:
    says = {"type": "list_ordered", "action": action, "list": LIST}
    return Hand("lists", {"list": LIST}, action, action, says, typed, place="hand.list")


def _stage(action: Deed, typed: str = "") -> Hand:
    says = {"type": "stage_ordered", "action": action, "sunset": "pop", "stage": 2}
    return Hand("sunset", {"part": "Stages", "stage": "2"}, action, action, says, typed, place="hand.stage")


def _exempt(action: Deed, typed: str = "") -> Hand:
    says = {"type": "user_exempted", "sunset": "pop", "subject": ANNA}
    ended = {"ended": True} if action == "unexempt" else {}
    query = {"part": "Search", "mailbox": ANNA}
    return Hand("sunset", query, action, action, {**says, **ended}, typed, place="hand.exempt")


def _letter(action: Deed, typed: str = "") -> Hand:
    says = {"type": "letter_settled", "message_id": sunset_scene.HELD, "status": action}
    query = {"part": "Letters", "letter": sunset_scene.HELD}
    return Hand("sunset", query, action, action, says, typed, place="hand.letter")


def _alert(action: str, kind: str) -> Hand:
    says = {"type": kind, "alert": alert_scene.GONE}
    return Hand("alerts", {"alert": alert_scene.GONE}, "acknowledge", action, says, place="hand.alert")


def _again(action: str, label: str, says: Mapping[str, object], *, reasoned: bool) -> Hand:
    query = {"section": "Dead letters", "letter": LINE, "asked": PREVIEW}
    told = {"type": "retry_ordered", "letters": [LINE], **says}
    return Hand("pipeline", query, "try again", action, told, label=label, reasoned=reasoned, place="retry")


_BELOW = Hand(
    "pool",
    {},
    "withdraw below min_active",
    "withdraw",
    {"type": "operator_acted", "action": "withdraw", "subject": IPS[1]},
    IPS[1],
    {"IP": IPS[1]},
    place="hand.pool",
    by="ada@example.net",
)
_BELOW_THERE = Hand(
    "providers",
    _PAIR,
    "withdraw below min_active",
    "withdraw",
    {**_THERE, "action": "withdraw"},
    f"{IPS[0]} {PROVIDER}",
    place="hand.provider",
    by="ada@example.net",
)
_BACK_THERE = Hand(
    "providers",
    _PAIR,
    "restore",
    "restore",
    {**_THERE, "action": "restore", "within_guard": True},
    place="hand.provider",
)
HANDS = (
    _BELOW_THERE,
    _BACK_THERE,
    _delisting("asked", "requested"),
    _delisting("note", "noted"),
    _delisting("close", "closed", IPS[1]),
    _delisting("take back", "taken_back"),
    _list("distrust", LIST),
    _list("trust", LIST),
    _list("leave"),
    _stage("pause"),
    _stage("resume", "pop stage 2"),
    _stage("rollback"),
    _stage("open"),
    _stage("close", "pop stage 2"),
    _exempt("exempt"),
    _exempt("unexempt", ANNA),
    _letter("again", sunset_scene.HELD),
    _letter("sent"),
    _letter("refused"),
    _alert("acknowledge", "alert_acknowledged"),
    _alert("take back", "alert_unacknowledged"),
    _again("preview again", "Try again: preview", {"preview": True}, reasoned=False),
    _again("try again", "Try again: 1 events of 1 letters", {}, reasoned=True),
    _BELOW,
)


@contextmanager
def everything(server: ClickHouseServer, folder: Path) -> Iterator[Desk]:
    """Give pages on which each of these hands has something to act on, and a broker that takes the orders."""
    with desk(server, folder, "pages_forged") as made:
        hall, client = made.hall, made.hall.client
        text = hall.config.read_text().replace("min_active = 3", "min_active = 5")
        asked = f'[dnsbl]\nlists = ["{LIST}"]\n'
        hall.config.write_text(f"{asked}{text}{alert_scene.CONFIG}{sunset_scene.config(hall.now)}")
        at = hall.now - 30 * MINUTE
        sent = TrafficCounted(
            id=derived_id("to", IPS[0]), at=at, partition=0, ip=IPS[0], provider=PROVIDER, sent=30, last_at=at
        )
        requested = DelistingRequested(
            id="asked", at=at + 1, case=CASE, pool="main", list="spamcop", subject=IPS[1], operator="ada", how="form",
            requests=1,
        )  # fmt: skip
        store(client, "pool_observations", [sent])
        store(client, "delisting_events", [opening(at), requested])
        store(client, "alert_events", alert_scene.alerts(hall.now))
        sunset_scene.fill(client, hall.now)
        sunset_scene.put(client, "sunset_events", sunset_scene.held(hall.now))
        fill_pipeline(hall)
        store(client, "dead_retries", _previewed(hall.now))
        yield made


def _previewed(now: int) -> list[Event]:
    """Return the order of a preview, and its answer: there is something to be done."""
    order = RetryOrdered(id=PREVIEW, at=now - MINUTE, operator="ada", preview=True, letters=(LINE,), until=now)
    answer = LetterTried(
        id="preview2", at=now, order=PREVIEW, letter=LINE, name="mx2", format="postfix", host="mx2",
        operator="ada", preview=True, outcome="recovered", count=1, events=("{}",),
    )  # fmt: skip
    return [order, answer]


class Log:
    """The whole event log: `new` are all records of all our topics that came since it was asked last."""

    def __init__(self, bootstrap: str) -> None:
        self._consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
        names = [topic.name for topic in TOPICS]
        self._places = [
            TopicPartition(name, number) for name in names for number in self._consumer.partitions_for_topic(name)
        ]
        self._consumer.assign(self._places)
        self._consumer.seek_to_beginning(*self._places)

    def new(self) -> list[Event]:
        """Return what came since."""
        ends = self._consumer.end_offsets(self._places)
        found: list[Event] = []
        while any(self._consumer.position(place) < ends[place] for place in self._places):
            polled = self._consumer.poll(timeout_ms=500)
            found += [codec.decode(record.value) for records in polled.values() for record in records]
        return found

    def close(self) -> None:
        """Ask no more."""
        self._consumer.close()
