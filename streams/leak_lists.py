"""Leaked identities of ours: which addresses are ours, how their leaks are published, and which lists there are."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from clickhouse_connect.driver.client import Client
from kafka import KafkaProducer
from kafka.errors import KafkaError

from schemas import codec
from schemas.customers import owners
from schemas.kafka_clients import opened
from schemas.mailbox_events import IdentityLeaked
from schemas.moments import moment_of
from schemas.names import domain_of, provider_of
from schemas.settings import Settings
from schemas.topics import MAILBOX_LEAKS
from streams.leaks import key_of

# Somebody may have failed to log in under any name: such a one is nobody's, nor is its domain ours.
_DOMAINS = """SELECT DISTINCT lower(arrayElement(splitByChar('@', mailbox), -1)) FROM mailbox_state FINAL
WHERE position(mailbox, '@') > 0 AND position(state, '"guessed":true') = 0"""
_OF_DOMAINS = """SELECT DISTINCT mailbox FROM mailbox_state FINAL
WHERE position(state, '"guessed":true') = 0
AND lower(arrayElement(splitByChar('@', mailbox), -1)) IN {domains:Array(String)}"""
_LISTS = """SELECT source, leaked_at, uniqExact(digest) AS identities, uniqExactIf(digest, passwords) AS passwords,
       max(at) AS imported, countIf(partitions != {partitions:UInt32}) AS elsewhere
FROM mailbox_leaks FINAL GROUP BY source, leaked_at ORDER BY imported DESC, source, leaked_at"""
_IDENTITIES = "SELECT uniqExact(digest) FROM mailbox_leaks"
_ACK_SECONDS = 60
_IN_FLIGHT = 10_000


class Ours(NamedTuple):
    """The domains and single mailboxes that are ours."""

    domains: frozenset[str]
    mailboxes: frozenset[str]

    def has(self, mailbox: str) -> bool:
        """Tell whether an address, in its one spelling, is ours."""
        return domain_of(mailbox) in self.domains or mailbox in self.mailboxes


def ours(client: Client, settings: Settings) -> Ours:
    """Return what the customers of the configuration have, and what ever sent or logged in.

    A script of ours may send with an address at a big provider (gmail.com): that makes the address ours, not the rest.
    """
    named = [entry for entry in owners(settings.customers) if "." in entry]
    seen = [str(domain) for (domain,) in client.query(_DOMAINS).result_rows]
    shared = [domain for domain in seen if provider_of("", f"any@{domain}") != domain]
    single = client.query(_OF_DOMAINS, parameters={"domains": shared}).result_rows if shared else []
    return Ours(
        frozenset(seen).difference(shared).union(entry for entry in named if "@" not in entry),
        frozenset(str(mailbox) for (mailbox,) in single).union(entry for entry in named if "@" in entry),
    )


def identities(client: Client) -> int:
    """Return how many identities of ours are known to be leaked."""
    return int(client.query(_IDENTITIES).result_rows[0][0])


def publish(settings: Settings, events: Sequence[IdentityLeaked]) -> None:
    """Publish leaks, each to the partition of its mailbox. OSError where Kafka does not confirm all of them."""
    where = ", ".join(settings.kafka.bootstrap)
    try:
        producer = opened(
            KafkaProducer, settings.kafka.bootstrap, acks="all", linger_ms=20, max_block_ms=_ACK_SECONDS * 1000
        )
        try:
            for start in range(0, len(events), _IN_FLIGHT):
                sent = [_send(producer, event) for event in events[start : start + _IN_FLIGHT]]
                for future in sent:
                    future.get(_ACK_SECONDS)
        finally:
            producer.close(_ACK_SECONDS)
    except (KafkaError, OSError) as error:
        raise OSError(f"kafka.bootstrap: Kafka at {where} did not confirm the leaks: {error}") from error


def _send(producer: KafkaProducer, event: IdentityLeaked) -> Any:  # noqa: ANN401 kafka-python's futures have no type
    return producer.send(MAILBOX_LEAKS.name, codec.encode(event), key=key_of(event), partition=event.partition)


def listed(client: Client, partitions: int) -> list[dict[str, object]]:
    """Return a row for each list and date: how many identities of ours it holds, and how many with a password.

    `note` says where it must be imported again: the mailboxes lie in other partitions now.
    """
    answer = client.query(_LISTS, parameters={"partitions": partitions})
    return [
        {
            "source": source,
            "leaked": f"{moment_of(leaked_at):%Y-%m-%d}" if leaked_at else "",
            "identities": identities,
            "passwords": passwords,
            "imported": f"{moment_of(imported):%Y-%m-%d %H:%M}",
            "note": "kafka.partitions changed: import it again" if elsewhere else "",
        }
        for source, leaked_at, identities, passwords, imported, elsewhere in answer.result_rows
    ]
