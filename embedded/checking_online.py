"""What `relaywarden check --online` finds beyond this machine: Kafka, ClickHouse, the inputs' servers, the DNSBLs."""

from collections.abc import Iterator
from ipaddress import ip_address

from kafka.errors import KafkaError

from collectors import domains, ownside
from collectors.admin import partitions_there, reachable
from collectors.lists import chosen, chosen_domains
from collectors.resolve import ask
from embedded.checking_servers import unreachable
from schemas.observations import ListHealthObserved
from schemas.own_observations import DomainListingObserved
from schemas.settings import Settings
from schemas.topics import TOPICS
from streams import domain_desk, leak_key
from streams.leak_lists import identities
from streams.letter_room import outgrown
from streams.migrate import migrate
from streams.operating import now, warehouse
from streams.sunset_status import rows


def findings(settings: Settings) -> list[str]:
    """Return a sentence for each server that does not do what it is needed for."""
    return [*_kafka(settings), *_clickhouse(settings), *unreachable(settings), *_lists(settings), *_own_side(settings)]


def _kafka(settings: Settings) -> Iterator[str]:
    where = ", ".join(settings.kafka.bootstrap)
    if not reachable(settings.kafka):
        yield f"kafka.bootstrap: no Kafka broker answers at {where}"
        return
    try:
        there = partitions_there(settings.kafka)
    except KafkaError as error:
        yield f"kafka.bootstrap: {where} takes connections, but does not answer as Kafka does: {error}"
        return
    missing = [topic.name for topic in TOPICS if topic.name not in there]
    if missing:
        yield f"kafka.bootstrap: the broker has no topic {', '.join(missing)}: `relaywarden topics` makes them"
    for topic in TOPICS:
        wanted = topic.partitions(settings.kafka.partitions)
        if there.get(topic.name, wanted) != wanted:
            yield f"kafka.partitions: the topic {topic.name} has {there[topic.name]} partitions, not {wanted}"


def _clickhouse(settings: Settings) -> Iterator[str]:
    database = settings.clickhouse.database
    try:
        with warehouse(settings, database="") as client:
            pending = migrate(client, database, keep_days=settings.clickhouse.keep_days, dry_run=True)
        if pending:
            yield f"clickhouse.database: {database} lacks {', '.join(pending)}: `relaywarden migrate` makes the tables"
            return
        with warehouse(settings) as client:
            yield from _leaks(settings, identities(client))
            if settings.sunset:
                yield from outgrown(settings.sunset, rows(client, settings, now()), now())
            if settings.domains.enabled:
                yield from _domains(*domain_desk.failing(client, settings, now()))
    except (OSError, ValueError) as error:
        yield str(error)


def _leaks(settings: Settings, count: int) -> Iterator[str]:
    if count and leak_key.known(settings.data) is None:
        places = f"{leak_key.place(settings.data)} nor in {leak_key.VARIABLE}"
        yield f"data: {count} leaked identities are not applied by a worker here: their key is neither in {places}"


def _domains(failing: int, known: int) -> Iterator[str]:
    if failing:
        yield f"domains: {failing} of {known} do not publish what they should: `relaywarden domains list --failing`"


def _lists(settings: Settings) -> Iterator[str]:
    try:
        events = ask((), chosen(settings.dnsbl), settings.dnsbl)
    except ValueError:
        return  # told already, without asking anybody
    ours = {0, *(ip_address(ip).version for pool in settings.pool.values() for ip in pool.ips)}
    for event in events:
        if isinstance(event, ListHealthObserved) and event.fault and event.ip_version in ours:
            yield f"dnsbl.lists: {event.list} has no vote: {event.reason}"


def _own_side(settings: Settings) -> Iterator[str]:
    """Name what does not pass of each IP, the lists of domains without a vote, and what is listed by the others."""
    events = ownside.ask(settings)
    for event in events:
        for check in event.checks:
            if check.outcome != "pass":
                place = f"pool.{event.pool}.transports.{event.transport}"
                yield f"{place}: {event.ip}: {check.name} {check.outcome}: {check.text}"
    try:
        lists = chosen_domains(settings.dnsbl)
        used = domains.configured(settings, events)
        answers = domains.ask(used, lists, settings.dnsbl) if used and lists else []
    except ValueError:
        return  # told already, without asking anybody
    for told in answers:
        if isinstance(told, ListHealthObserved) and not told.healthy:
            yield f"dnsbl.lists: {told.list} has no vote: {told.reason}"
        elif isinstance(told, DomainListingObserved) and told.answer == "listed":
            yield f"{told.used_by[0]}: {told.domain} is listed by {told.list}: {told.reason}"
