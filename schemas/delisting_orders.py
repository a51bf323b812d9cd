"""What an operator did about a delisting, made an event (command line, pages)."""

from typing import Literal, get_args

from schemas.delisting_events import ClosedByHand, DelistingHandled
from schemas.names import derived_id
from schemas.ordering import login, now

Action = Literal["requested", "noted", "closed", "taken_back"]


def handling(  # noqa: PLR0913 what an operator does has that many parts
    case: str,
    action: Action,
    *,
    operator: str = "",
    how: str = "",
    reference: str = "",
    note: str = "",
    outcome: str = "",
    takes_back: str = "",
) -> DelistingHandled:
    """Return what an operator did about a case now. ValueError for an empty note, or an outcome that there is none."""
    word = outcome.strip().lower().replace("-", "_")
    ended: ClosedByHand | None = next((one for one in get_args(ClosedByHand) if one == word), None)
    if action == "closed" and ended is None:
        raise ValueError(f"--outcome {outcome!r}: there are delisted, expired and given-up")
    if action == "noted" and not note.strip():
        raise ValueError(f"{note!r}: write something down")
    at, who = now(), operator or login()
    return DelistingHandled(
        id=derived_id("delisting", who, action, case, at),
        at=at,
        case=case,
        action=action,
        operator=who,
        how=how,
        reference=reference,
        note=note,
        outcome=ended or "" if action == "closed" else "",
        takes_back=takes_back,
    )
