"""Events as JSON: one event a record, or a chunk of JSON lines under zstd on the hot topics.

JSON lines stay readable with any Kafka tool, and the same bytes go into ClickHouse as `JSONEachRow` unparsed.
"""

from collections.abc import Iterable, Sequence

import msgspec
import zstandard

from schemas.events import Event

_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_MAX_CHUNK_BYTES = 64 * 1024 * 1024


def encode(event: Event) -> bytes:
    """Return the event as one line of JSON, without the line feed."""
    return _ENCODER.encode(event)


def decode(line: bytes) -> Event:
    """Return the event of one line of JSON. ValueError says what is wrong with it."""
    try:
        return _DECODER.decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"no event: {error}") from error


def pack(lines: Iterable[bytes]) -> bytes:
    """Return encoded events as JSON lines under zstd: the value of one Kafka record."""
    # Each time a compressor of its own, which costs 10 µs: two threads in one end the process.
    return zstandard.ZstdCompressor(level=3).compress(b"".join(line + b"\n" for line in lines))


def lines_of(value: bytes) -> bytes:
    """Return a record's JSON lines, each ended by a line feed, whether it is a chunk or a single event.

    ValueError where the value is neither.
    """
    if not value.startswith(_ZSTD_MAGIC):
        return value if value.endswith(b"\n") else value + b"\n"
    try:
        return zstandard.ZstdDecompressor().decompress(value, max_output_size=_MAX_CHUNK_BYTES)
    except zstandard.ZstdError as error:
        raise ValueError(f"no chunk: {error}") from error


def decode_chunk(value: bytes) -> Sequence[Event]:
    """Return the events of a record's value (chunk or single event). ValueError says what is wrong with it."""
    return [decode(line) for line in lines_of(value).splitlines()]
