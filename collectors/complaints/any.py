"""Any format: each of the others is tried, for the Maildir of an abuse address that gets all kinds mixed."""

from msgspec.structs import fields

from collectors import complaints
from collectors.ways import NO_WAYS, Ways
from schemas.events import ComplaintReceived

_NAME = "any"


def parse(message: bytes, ways: Ways = NO_WAYS) -> ComplaintReceived | None:
    """Return the complaint of a mail, by the format that reads most in it; None where it is one of none.

    ValueError where a format knows it as its own, but none can read it.
    """
    read: list[ComplaintReceived] = []
    reasons: list[str] = []
    for name in complaints.names():
        if name == _NAME:
            continue
        try:
            complaint = complaints.load(name)(message, ways)
        except ValueError as error:
            reasons.append(str(error))
            continue
        if complaint is not None:
            read.append(complaint)
    if read:
        return max(read, key=_told)
    if reasons:
        raise ValueError(reasons[0])
    return None


def _told(complaint: ComplaintReceived) -> int:
    return sum(bool(getattr(complaint, field.name)) for field in fields(complaint))
