"""The event log as the worker uses it: written until acknowledged, read to its end, and known by its cluster's name.

A broker that is away is waited for, with one warning; what can never succeed is raised.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError

from schemas.readiness import READINESS
from schemas.topics import Topic
from streams.metrics import WRITTEN
from streams.partition import Output

LOG = logging.getLogger("relaywarden.stream")
_PAUSE = 1.0
_MOST_BYTES = 16 * 1024 * 1024
Take = Callable[[int, bytes, bytes | None], object]
"""Takes partition, key and value of a record; without a value it forgets what stood under its key."""


class EventLog:
    """A connection to the brokers `bootstrap`, open from `start` to `stop`."""

    def __init__(self, bootstrap: Sequence[str]) -> None:
        self._bootstrap = list(bootstrap)
        self._producer: AIOKafkaProducer | None = None
        self._away = False
        self.cluster = ""

    async def start(self, topics: Iterable[Topic]) -> None:
        """Wait for the brokers and for these topics, and open the connection."""
        wanted = {topic.name for topic in topics}
        while True:
            try:
                self.cluster, present = await self._look()
                missing = sorted(wanted - present)
                if not missing:
                    break
                self._warn(f"no topic {', '.join(missing)}: waiting until `relaywarden topics` has made them")
            except (KafkaError, OSError) as error:
                self._warn(self._away_for(error))
            await asyncio.sleep(_PAUSE)
        self._producer = AIOKafkaProducer(bootstrap_servers=self._bootstrap, acks="all", max_request_size=_MOST_BYTES)
        await self._producer.start()
        self._answered()

    async def stop(self) -> None:
        """Close the connection; what is not acknowledged by then is not written."""
        if self._producer is not None:
            await self._producer.stop()

    async def present_cluster(self) -> str | None:
        """Return the name of the cluster that answers now, or None while none does."""
        try:
            cluster, _ = await self._look()
        except (KafkaError, OSError) as error:
            self._warn(self._away_for(error))
            return None
        self._answered()
        return cluster

    async def write(self, outputs: Sequence[Output]) -> None:
        """Write all of these; return when each is acknowledged. KafkaError where one never can be."""
        waiting = list(outputs)
        while waiting:
            sent = [(output, await self._send(output)) for output in waiting]
            results = await asyncio.gather(*(future for _, future in sent), return_exceptions=True)
            waiting = []
            for (output, _), result in zip(sent, results, strict=True):
                if not isinstance(result, BaseException):
                    WRITTEN.labels(output.topic.name).inc()
                else:
                    if not _passing(result):
                        raise result
                    waiting.append(output)
                    self._warn(f"{output.topic.name} does not take what is written, it is tried again: {result!r}")
            if waiting:
                await asyncio.sleep(_PAUSE)
        self._answered()

    async def read(self, topic: Topic, partitions: Iterable[int]) -> list[tuple[int, bytes]]:
        """Return partition and value of what these partitions hold now, in the order of each partition."""
        values: list[tuple[int, bytes]] = []

        def keep(partition: int, _key: bytes, value: bytes | None) -> None:
            if value is not None:
                values.append((partition, value))

        await self.each(topic, partitions, keep)
        return values

    async def each(self, topic: Topic, partitions: Iterable[int], take: Take) -> None:
        """Hand over all that these partitions hold now, in the order of each partition, never all at once.

        Where the broker goes away meanwhile, it begins again: what was handed over comes once more.
        """
        places = [TopicPartition(topic.name, partition) for partition in sorted(partitions)]
        while True:
            try:
                await self._each(places, take)
                return  # noqa: TRY300 the loop ends where nothing is raised
            except (KafkaError, OSError) as error:
                self._warn(f"{topic.name} cannot be read, it is tried again: {error!r}")
                await asyncio.sleep(_PAUSE)

    async def _send(self, output: Output) -> asyncio.Future[object]:
        assert self._producer is not None  # noqa: S101 `start` made it
        try:
            future: asyncio.Future[object] = await self._producer.send(
                output.topic.name, value=output.value or None, key=output.key, partition=output.partition
            )
        except KafkaError as error:
            future = asyncio.get_running_loop().create_future()
            future.set_exception(error)
        return future

    async def _look(self) -> tuple[str, set[str]]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap, request_timeout_ms=10_000)
        try:
            await admin.start()
            described = await admin.describe_cluster()
            return str(described["cluster_id"]), set(await admin.list_topics())
        finally:
            await admin.close()

    async def _each(self, places: list[TopicPartition], take: Take) -> None:
        if not places:
            return
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=_MOST_BYTES,
            fetch_max_wait_ms=50,
        )
        try:
            await consumer.start()
            consumer.assign(places)
            ends = await consumer.end_offsets(places)
            await consumer.seek_to_beginning(*places)
            while any([await consumer.position(place) < ends[place] for place in places]):
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    for record in records:
                        take(record.partition, record.key or b"", record.value)
            self._answered()
        finally:
            await consumer.stop()

    def _away_for(self, error: Exception) -> str:
        """Return in words that no broker answers; why, unless it is that none takes connections."""
        why = "" if isinstance(error, KafkaConnectionError) else f" ({error})"
        return f"no broker at {', '.join(self._bootstrap)}: waiting until one answers, nothing is lost{why}"

    def _warn(self, text: str) -> None:
        LOG.log(logging.DEBUG if self._away else logging.WARNING, "%s", text)
        self._away = True
        READINESS.waits("the log", text)

    def _answered(self) -> None:
        if self._away:
            LOG.info("the broker answers again")
        self._away = False
        READINESS.has("the log")


def _passing(error: BaseException) -> bool:
    return isinstance(error, KafkaTimeoutError | KafkaConnectionError) or bool(getattr(error, "retriable", False))
