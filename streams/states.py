"""The states of many mailboxes: those at work as objects, those at rest as a few hundred packed bytes.

Most mailboxes are silent most of the time. A state that nobody needed for a while is packed, and unpacked when its
mailbox speaks again: exactly, so that it decides the same. One that is watched or worse, or held, is never packed, so
that a look at the silent ones unpacks nobody.
"""

from array import array
from collections import deque
from collections.abc import Iterator, Mapping

import msgspec
import zstandard

from streams.habits import SLOTS, MailboxState

_LEAST_AT_WORK = 4096
_SHARE_AT_WORK = 8
_ASKED = 3  # each is asked twice before it rests, so that fewer than two would never do
_COUNTS_BYTES = 4 * SLOTS


class _Packed(msgspec.Struct, array_like=True, gc=False):
    aged: int
    score: float
    counts: bytes
    sketches: bytearray
    applied: str
    recent: bytes
    travels: bytes


_COMPRESS = zstandard.ZstdCompressor(level=1, write_checksum=False).compress
_DECOMPRESS = zstandard.ZstdDecompressor().decompress
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Packed)


def packed(state: MailboxState) -> bytes:
    """Return the state in few bytes. ValueError where it has a step or a hold: such a one stays at work."""
    if state.step or state.hold is not None:
        raise ValueError(f"{state.mailbox}: has the step {state.step!r}, is not packed")
    counts = state.counts.tobytes().rstrip(b"\0")
    parts = (state.aged, state.score, counts, state.sketches, state.applied, state.recent, state.travels)
    made = _COMPRESS(_ENCODER.encode(parts))
    return bytes(memoryview(made))  # a copy: what zstandard returns keeps the place of its largest possible size


def unpacked(mailbox: str, value: bytes) -> MailboxState:
    """Return the state of a mailbox as it was packed."""
    parts = _DECODER.decode(_DECOMPRESS(value))
    return MailboxState(
        mailbox=mailbox,
        aged=parts.aged,
        score=parts.score,
        counts=array("f", parts.counts.ljust(_COUNTS_BYTES, b"\0"))[:],  # the copy has no room to spare
        sketches=parts.sketches,
        applied=parts.applied,
        recent=parts.recent,
        travels=parts.travels,
    )


class States(Mapping[str, MailboxState]):
    """States by mailbox. What is read from the mapping is not to be changed; `woken` hands a state over for that.

    At work are `least` at least, and an eighth of all where these are more. Who came to work first is asked first
    whether he was needed since; if so he stays for another round.
    """

    def __init__(self, least: int = _LEAST_AT_WORK) -> None:
        self._least = max(least, _ASKED)  # so that who was woken last is never asked
        self._all: dict[str, MailboxState | bytes] = {}
        self._at_work: deque[tuple[str, int]] = deque()
        self._watched: set[str] = set()

    def __getitem__(self, mailbox: str) -> MailboxState:
        found = self._all[mailbox]
        return unpacked(mailbox, found) if isinstance(found, bytes) else found

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __contains__(self, mailbox: object) -> bool:
        return mailbox in self._all

    def woken(self, mailbox: str) -> MailboxState | None:
        """Return the state to be changed in place, None where there is none; it may be packed when another is woken."""
        found = self._all.get(mailbox)
        if found.__class__ is bytes:  # half of what isinstance takes
            state = self._all[mailbox] = unpacked(mailbox, found)
            self._begin(state)
            return state
        return found  # type: ignore[return-value]  # likewise

    def add(self, state: MailboxState) -> None:
        """Take in a state that is new."""
        self._all[state.mailbox] = state
        self.note(state)
        self._begin(state)

    def restore(self, state: MailboxState) -> None:
        """Take in a state that was read back: its mailbox is at rest until it speaks."""
        self._watched.discard(state.mailbox)
        if state.step or state.hold is not None:
            self.add(state)
        else:
            self._all[state.mailbox] = packed(state)

    def note(self, state: MailboxState) -> None:
        """Note whether a mailbox is watched or worse, or held, after a decision about it."""
        if state.step or state.hold is not None:
            self._watched.add(state.mailbox)
        else:
            self._watched.discard(state.mailbox)

    def remove(self, mailbox: str) -> None:
        """Forget a mailbox."""
        del self._all[mailbox]
        self._watched.discard(mailbox)

    def watched(self) -> list[MailboxState]:
        """Return the states of those that are watched or worse, or held, by name."""
        return [self[mailbox] for mailbox in sorted(self._watched)]

    @property
    def at_rest(self) -> int:
        """Return how many are packed."""
        return sum(value.__class__ is bytes for value in self._all.values())

    def _begin(self, state: MailboxState) -> None:
        self._at_work.append((state.mailbox, state.aged))
        most = max(self._least, len(self._all) // _SHARE_AT_WORK)
        for _ in range(_ASKED):
            if len(self._at_work) > most:
                self._send_to_rest()

    def _send_to_rest(self) -> None:
        """Pack the one who came to work first, unless he was needed since, or is watched."""
        mailbox, aged = self._at_work.popleft()
        state = self._all.get(mailbox)
        if state is None or isinstance(state, bytes):
            return
        if state.step or state.hold is not None or state.aged != aged:
            self._at_work.append((mailbox, state.aged))
        else:
            self._all[mailbox] = packed(state)
