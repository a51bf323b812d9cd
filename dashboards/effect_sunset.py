"""What an order about a sunset would do, in words and numbers, before it is given."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.stages import Standing, cut, possible
from schemas.sunset_events import LetterOutcome, StageAction

_BACK: dict[StageAction, StageAction] = {"close": "rollback", "pause": "resume", "rollback": "resume"}


def back(action: StageAction, step: str) -> StageAction | str:
    """Return the order that takes one back, of a stage at a `step`; "" where none does.

    A brown-out that is over stays over.
    """
    if action == "resume":
        return "pause" if step == "paused" else "rollback"
    return _BACK.get(action, "")


@dataclass(frozen=True)
class Concerned:
    """Whom an order concerns: mailboxes `found`, of these `open`, their customers and messages of a week.

    `busy` are those of the open ones that sent in that week.
    """

    found: int
    open: int
    customers: int
    messages: int
    busy: int

    def __str__(self) -> str:
        who = f"{self.open:,} mailboxes of {self.customers:,} customers"
        return (
            f"{who} still use the old way; {self.busy:,} of them within the last 7 days, for {self.messages:,} messages"
        )


def of_stage(
    action: StageAction, one: Standing, every: Sequence[Standing], whom: Concerned | None, now: int
) -> list[str]:
    """Return what an order about a stage would do; `whom` is None where that could not be read."""
    number = one.stage.number
    off = one.off(now)
    state = f"Stage {number} ({cut(one.stage)}) is {one.step.replace('_', ' ')}{', and off' if off else ''}."
    if action not in possible(one, every, now):
        return [state, "The order would be of no effect, or is impossible now: the desk will refuse it."]
    lines = [state, f"{whom}." if whom else "Whom it has could not be read."]
    again = action == "resume" and one.before == "closed"
    if action == "close" or again:
        lines.append("They are cut off" + (": it had closed, and is closed again at once." if again else " at once."))
    elif off:
        lines.append("The old way works for them again, at once.")
    else:
        lines.append("Nobody is cut off by that now, and nobody gets his way back.")
    lines += _plan(action, one, every, again=again)
    return lines


def _plan(action: StageAction, one: Standing, every: Sequence[Standing], *, again: bool) -> list[str]:
    """Return what becomes of the plan, and of the letters."""
    held = "Letters go on; for these mailboxes they tell no day until it is resumed."
    if action == "pause":
        others = sum(each.step not in {"closed", "rolled_back"} for each in every if each is not one)
        return [f"No other stage goes off until it is resumed: {others} wait.", held]
    if action == "rollback":
        return ["The other stages go on.", held]
    if action == "resume" and one.step == "paused":
        return ["All that waited is laid anew: none earlier than it was told. Letters tell the new days."]
    if action == "resume" and not again:
        return ["It is laid anew, not earlier than it was told; letters tell the new day."]
    return ["Letters go on to whom was seen within the last days."] if action == "close" else ["The plan goes on."]


def of_exemption(subject: str, whom: Concerned | None, until: str, *, ended: bool, off: int | None) -> list[str]:
    """Return what an exemption, or its end, would do; `off` is how many stages are off now (None: not known)."""
    if whom is None:
        return ["Whom it covers could not be read."]
    lines = [
        f"{subject} covers {whom.found:,} mailboxes found so far by their own address, domain and customer.",
        f"{whom}.",
    ]
    if not ended:
        end = f"through {until}" if until else "till the sunset ends"
        lines.append(f"They stand in no letter and are not counted as open, {end}.")
        lines += [
            "Where their stage is off, the old way works for them again: what switches cannot leave out, stays off."
        ] * (off != 0)
    else:
        lines.append("They stand in letters again, and are counted as open.")
        lines += ["Those whose stage is off are cut off at once."] * (off != 0)
    return lines


OF_LETTER: dict[LetterOutcome, str] = {
    "again": "It is handed over again, unless it was tried since: the customer may get it twice.",
    "sent": "It counts as sent, and is not tried again.",
    "refused": "It is given up, and stands among those whom no letter reached: customer care calls.",
}
