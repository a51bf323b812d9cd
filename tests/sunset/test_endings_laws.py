"""Whatever an operator does with the stages: no letter tells a day that is past, or asks for what is off for good."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.sunset_events import Stage, StagesPlanned, StageStep, StageStepped
from streams.directory import Account
from streams.letter_wanted import still, unwanted
from streams.sunset.ledger import Ledger, take
from streams.sunset.weeks import HOUR, day_of
from streams.sunset.written import Written
from tests.sunset.scene import DAY, NAME, SUNSET, People, decided, letters_of, local, look, use

ACME = People(Account(customer="acme", contact="it@acme.example"))
BOXES = ("a@acme.example", "m@acme.example", "t@acme.example")
BEGIN = local("2027-02-01 08:00")
CUTS = (("", "m"), ("m", "t"), ("t", ""))
STEPS = st.tuples(
    st.integers(0, 100), st.integers(1, 3), st.sampled_from(("open", "closed", "paused", "rolled_back", "brownout"))
)


def _plan(days: list[int], at: int) -> StagesPlanned:
    stages = tuple(
        Stage(number=number, first=first, beyond=beyond, closes=BEGIN + day * DAY + HOUR)
        for number, ((first, beyond), day) in enumerate(zip(CUTS, days, strict=True), 1)
    )
    return StagesPlanned(id=f"plan {at}", at=at, sunset=NAME, stages=stages)


def _asked(ledger: Ledger, at: int) -> list[str]:
    """Return who is to be asked on a day before the sunset ends: whose stage is neither off nor goes off that day."""
    held = {number for number, step in ledger.steps.items() if step.step in {"paused", "rolled_back"}}
    if any(step.step == "paused" for step in ledger.steps.values()):
        held |= {1, 2, 3}
    gone = {number for number, step in ledger.steps.items() if step.step == "closed"}
    for stage in ledger.stages:
        if stage.number not in held and day_of(SUNSET, stage.closes) == day_of(SUNSET, at):
            gone.add(stage.number)
    return [name for number, name in enumerate(BOXES, 1) if number not in gone]


@given(st.lists(st.integers(0, 100), min_size=3, max_size=3), st.lists(STEPS, max_size=8), st.integers(0, 90))
@settings(max_examples=150, deadline=None)
def test_no_letter_tells_a_day_that_is_past(
    days: list[int], steps: list[tuple[int, int, StageStep]], plan: int
) -> None:
    ledger = Ledger()
    for day in range(120):
        at = BEGIN + day * DAY
        if day == plan:
            take(ledger, _plan(days, at))
        for when, stage, step in steps:
            if when == day:
                take(ledger, StageStepped(id=f"{at}{stage}{step}", at=at, sunset=NAME, stage=stage, step=step))
        at += 2 * HOUR
        seen = [use(name, at - HOUR) for name in BOXES]
        spent = ledger.written.get("acme", Written())
        told = letters_of(decided(ledger, look(at, seen), ACME))
        if day % 7 == 1 and spent.letters < SUNSET.letters and day_of(SUNSET, at) < SUNSET.ends:
            assert [use.mailbox for each in told for use in each.uses] == _asked(ledger, at)
        for letter in told:
            goes = day_of(SUNSET, letter.due)
            off = {CUTS[number - 1] for number, step in ledger.steps.items() if step.step == "closed"}
            assert letter.kind == "letter"
            assert letter.number <= letter.of <= SUNSET.letters
            assert goes < date.fromisoformat(letter.ends)
            assert all(goes < date.fromisoformat(told) for told in letter.days if told)
            assert len(letter.days) in {0, len(letter.uses)}
            assert not {cut for cut in off for each in letter.uses if cut[0] <= each.mailbox < (cut[1] or "~")}
            left = still(letter, SUNSET, ledger, letter.due, ACME)
            assert unwanted(letter, SUNSET, ledger, letter.due, ACME) == ""
            assert ([each.mailbox for each in left.uses], left.days) == (
                [each.mailbox for each in letter.uses],
                letter.days,
            )
