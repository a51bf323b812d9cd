"""Uses as they are kept in memory by the million: their values without the fields' names, a third of the size."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from schemas.sunset_events import ClientUse, Use

_ENCODER = msgspec.msgpack.Encoder()
_Client = tuple[str, str, str, str, int, int, int]
_Packed = tuple[int, int, int, float, int, tuple[_Client, ...], tuple[str, ...]]
_DECODER: msgspec.msgpack.Decoder[_Packed] = msgspec.msgpack.Decoder(_Packed)


def packed(use: Use) -> bytes:
    """Return a use without its mailbox, under which it is kept."""
    clients = tuple(map(msgspec.structs.astuple, use.clients))
    values = (use.messages, use.first, use.last, use.confidence, use.switched, clients, use.hosts)
    return _ENCODER.encode(values)


def unpacked(mailbox: str, kept: bytes) -> Use:
    """Return the use that was packed of a mailbox."""
    messages, first, last, confidence, switched, clients, hosts = _DECODER.decode(kept)
    return Use(
        mailbox=mailbox,
        messages=messages,
        first=first,
        last=last,
        confidence=confidence,
        switched=switched,
        clients=tuple(_client(*each) for each in clients),
        hosts=hosts,
    )


def _client(  # noqa: PLR0913, PLR0917 the fields of a client in their order
    ip: str, helo: str, message_host: str, program: str, messages: int, first: int, last: int
) -> ClientUse:
    return ClientUse(
        ip=ip, helo=helo, message_host=message_host, program=program, messages=messages, first=first, last=last
    )


class Uses(Mapping[str, Use]):
    """Uses by mailbox, packed."""

    def __init__(self, uses: Iterable[Use] = ()) -> None:
        self._packed = {use.mailbox: packed(use) for use in uses}

    def __getitem__(self, mailbox: str) -> Use:
        return unpacked(mailbox, self._packed[mailbox])

    def __contains__(self, mailbox: object) -> bool:
        return mailbox in self._packed

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)
