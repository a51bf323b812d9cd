"""The mailboxes and the sunset of the tests of stages, and a desk that lets time go by over a plan."""

import random
from datetime import date
from zoneinfo import ZoneInfo

from schemas.moments import moment_of
from schemas.sunset_events import StagesPlanned, StageStepped
from schemas.sunset_settings import Sunset
from schemas.sunset_stages import Stages
from streams.sunset.ledger import Ledger, take
from streams.sunset.stages import plan
from streams.sunset.stepping import announced, resumed, stepped, steps
from tests.sunset.scene import local

BEFORE = local("2027-02-01 12:00")
HOUR = 3_600_000_000
POP = Sunset(
    kind="smtp_after_pop", begins=date(2027, 1, 11), ends=date(2027, 3, 1), timezone="Europe/Berlin", stages=Stages()
)


def rules(**changes: object) -> Sunset:
    """Return the sunset with other rules for its stages."""
    stages = Stages.model_validate({**Stages().model_dump(), **changes})
    return POP.model_copy(update={"stages": stages})


def people(number: int) -> list[str]:
    """Return mailboxes as hosters have them: a third are of few names, the rest begin as names do."""
    chance = random.Random(1)
    many = ["info", "mail", "kontakt", "office", "webmaster", "post"]
    firsts = "aaabbcdeefghijjjkklmmmmnoprssssttuvwxyz0"
    found: set[str] = set()
    while len(found) < number:
        rest = "".join(chance.choice("aeiounrstlmh.-") for _ in range(chance.randint(2, 9)))
        name = chance.choice(many) if chance.random() < 0.33 else chance.choice(firsts) + rest
        found.add(f"{name}@{''.join(chance.choice('abcdefghijklmnopqrstuvwxyz') for _ in range(5))}.example")
    return sorted(found)


PEOPLE = people(300)


def shown(at: int) -> str:
    """Return a moment as people of the sunset's time zone write it."""
    return moment_of(at).astimezone(ZoneInfo(POP.timezone)).strftime("%a %d.%m. %H:%M")


class Course:
    """A plan, and what a desk and an operator make of it."""

    def __init__(self, sunset: Sunset, at: int = BEFORE) -> None:
        self.sunset, self.ledger = sunset, Ledger()
        self.told: list[StageStepped | StagesPlanned] = []
        self.hear(StagesPlanned(id="p", at=at, sunset="pop", stages=plan("pop", sunset, PEOPLE, at)))

    @property
    def closes(self) -> list[str]:
        """Return when each stage is to close."""
        return [shown(stage.closes) for stage in self.ledger.stages]

    def brownouts(self, number: int) -> list[str]:
        """Return when the brown-outs of a stage begin."""
        return [
            shown(each.begins) for stage in self.ledger.stages if stage.number == number for each in stage.brownouts
        ]

    def desk(self, at: int, *, known: bool = True) -> list[tuple[int, str]]:
        """Let the desk have its turns at a moment; return the steps, and a new plan as stage 0."""
        found: list[tuple[int, str]] = []
        while events := list(steps("pop", self.sunset, self.ledger, at, known=known)):
            for event in events:
                found.append((event.stage, event.step) if isinstance(event, StageStepped) else (0, event.reason))
                self.hear(event)
            assert len(found) < 50, "doing it again is harmless"
        return found

    def until(self, begin: int, end: int, every: int = HOUR // 4) -> list[tuple[str, int, str]]:
        """Let the desk have turns from one moment to another; return when each step was."""
        return [(shown(at), *step) for at in range(begin, end, every) for step in self.desk(at)]

    def order(self, number: int, step: str, at: int) -> None:
        """Have an operator pause, roll back, open or close a stage."""
        self.hear(stepped("pop", number, step, at, operator="ada", reason="drill"))  # type: ignore[arg-type]

    def resume(self, number: int, at: int) -> str:
        """Have an operator resume a stage; return the step at which it is then."""
        stages, step = resumed("pop", self.sunset, self.ledger, number, at)
        self.hear(announced("pop", stages, at, operator="ada", reason="drill"))
        self.hear(stepped("pop", number, step, at, operator="ada", reason="drill"))
        return step

    def plan(self, at: int, sunset: Sunset | None = None) -> None:
        """Have an operator plan anew."""
        self.sunset = sunset or self.sunset
        self.hear(announced("pop", plan("pop", self.sunset, PEOPLE, at, self.ledger), at, operator="ada"))

    def hear(self, event: StageStepped | StagesPlanned) -> None:
        """Take an event as it stands in the log."""
        self.told.append(event)
        take(self.ledger, event)
