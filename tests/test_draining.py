"""What goes from one embedded broker to the next: what was told while the sink had stopped already."""

from pathlib import Path

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition

from collectors.admin import ensure_topics
from embedded.broker import Broker
from embedded.machine import Machine
from schemas import codec
from schemas.settings import Settings
from schemas.sunset_events import UserExempted
from schemas.topics import SUNSET_EVENTS
from streams.operating import publish


def test_an_exemption_that_the_sink_did_not_store_goes_to_the_new_broker(fresh_broker: Broker, tmp_path: Path) -> None:
    settings = Settings.model_validate({"kafka": {"bootstrap": [fresh_broker.bootstrap]}})
    ensure_topics(settings)
    orders = [UserExempted(id=f"x{number}", at=number, sunset="pop", subject=f"k{number}") for number in range(3)]
    for order in orders:
        publish(settings, order)
    machine = Machine(settings, tmp_path, lambda: True)
    assert _orders(machine) == orders
    place = TopicPartition(SUNSET_EVENTS.name, 0)
    group = f"{settings.kafka.group}-sink"
    sink = KafkaConsumer(bootstrap_servers=fresh_broker.bootstrap, group_id=group, enable_auto_commit=False)
    sink.assign([place])
    sink.commit({place: OffsetAndMetadata(2, "", -1)})
    sink.close(autocommit=False)
    assert _orders(machine) == orders[2:]


def _orders(machine: Machine) -> list[object]:
    carried = machine._drain()  # noqa: SLF001 the broker is not ended here
    assert {each.place.topic for each in carried} == {SUNSET_EVENTS.name}
    return [codec.decode(each.value) for each in carried]
