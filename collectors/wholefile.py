"""What `relaywarden parse` makes of a file that is read whole: one mail or report, or an mbox of many mails."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO, BinaryIO, NamedTuple

from msgspec.structs import replace

from collectors import documents, mbox
from collectors.feedback import DamagedError, placed
from collectors.mailtype import described
from collectors.packed import begun
from collectors.reading import Counts
from schemas.bounce_events import BounceReceived
from schemas.codec import encode
from schemas.events import ComplaintReceived, DeadLetter, Event
from schemas.maildrop import seconds_of
from schemas.moments import epoch_microseconds
from schemas.names import derived_id
from schemas.redaction import redacted

LARGEST = 64 * 1024 * 1024


class File(NamedTuple):
    """A file by its name, and when it changed: a mail that tells no time came then, or when its mbox says."""

    name: str
    changed: datetime


def is_box(head: bytes) -> bool:
    """Tell by its beginning whether a file is an mbox."""
    return mbox.begins(head.lstrip(b"\r\n")[: mbox.LONGEST_PIECE].partition(b"\n")[0])


def parse(format_name: str, file: File, content: IO[bytes], output: BinaryIO) -> Counts:
    """Write the events of a file, mail by mail if it is an mbox; return what was counted. ValueError: it is damaged."""
    counts = Counts()
    head, content, _ = begun(content)
    if is_box(head):
        for each in mbox.mails(_pieces(content)):
            came = seconds_of(each.came)
            of_mail = file if came is None else File(file.name, datetime.fromtimestamp(came, UTC))
            _read(format_name, of_mail, each.mail, each.offset, output, counts)
        several = f"an mbox of {counts.lines} mails, none of them of the format {format_name}"
        counts.nothing = "" if counts.events or counts.dead_letters or counts.lines == 1 else several
    else:
        _read(format_name, file, content.read(LARGEST), None, output, counts)
    return counts


def _pieces(content: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines of a file, long ones in pieces."""
    while piece := content.readline(mbox.LONGEST_PIECE):
        yield piece


def _read(  # noqa: PLR0913, PLR0917 whose mail, where it stands, where it goes, what is counted
    format_name: str, file: File, mail: bytes, offset: int | None, output: BinaryIO, counts: Counts
) -> None:
    """Write the events of a mail or report and count them; `offset` is where it begins in an mbox."""
    try:
        if offset is not None and len(mail) > documents.LARGEST:
            raise ValueError(f"a mail of more than {documents.LARGEST} bytes")  # noqa: TRY301 one way out for both
        events = tuple(_of_file(event, file) for event in documents.parse(format_name, mail))
    except DamagedError as error:
        raise ValueError(f"{file.name}: {error}") from error
    except ValueError as error:
        counts.lines += 1
        counts.dead_letters += 1
        counts.nothing = str(error)
        output.write(encode(_dead(format_name, file, mail, offset, str(error))) + b"\n")
        return
    counts.lines += max(1, len(events))
    if not events:
        counts.ignored += 1
        counts.nothing = f"{described(mail)}, not of the format {format_name}"
    for event in events:
        if isinstance(event, DeadLetter):
            counts.dead_letters += 1
        else:
            counts.note(event)
        output.write(encode(event) + b"\n")


def _of_file(event: Event, file: File) -> Event:
    """Return an event of a mail, which came when its file changed where it tells no time itself."""
    came = file.changed
    if isinstance(event, DeadLetter):
        return placed(event, file.name, file.name, epoch_microseconds(came))
    if isinstance(event, ComplaintReceived | BounceReceived) and not event.at:
        return replace(event, at=epoch_microseconds(came))
    return event


def _dead(format_name: str, file: File, mail: bytes, offset: int | None, reason: str) -> DeadLetter:
    place = file.name if offset is None else f"{file.name}/{offset}"
    return DeadLetter(
        id=derived_id(format_name, place),
        at=int(file.changed.timestamp()) * 1_000_000,
        name=file.name,
        format=format_name,
        reason=redacted(reason),
        text=redacted(mail[:2000].decode("utf-8", "replace")),
        place=place,
    )
