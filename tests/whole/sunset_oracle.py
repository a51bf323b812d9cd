"""What is due in a sunset, told from the script and the words of the manual alone: no code of the desk is used.

A mailbox is a user from when it was seen within `quiet` days, and done once it was seen on none of so many whole days,
on each of which the logs that tell of it were read. On Tuesday each customer has one letter on its open mailboxes, so
many at most, and is thanked once for each that was named and is done; what could not be decided within the hours of the
letters is made up for on one of the two days after. Who is exempt is left alone. A mailbox is asked for until the day
of its stage. After the last day who is done is still seen for `quiet` days and a week, and thanked. What may be of
another customer is told without its time and address.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from tests.whole.sunset_script import LOGINS, POP, RELAYS, Customer, Script, Sending, Way
from tests.whole.sunset_stages import Stages


class Listed(NamedTuple):
    """A mailbox in a letter: when it was used last, from where (0 and "" where that is not told), and how often."""

    mailbox: str
    last: int
    ip: str
    messages: int


@dataclass(frozen=True)
class Due:
    """A letter that a customer has to get: the `number`th of `of`; 0 is a thank-you only."""

    customer: str
    week: int
    number: int
    of: int
    listed: tuple[Listed, ...]
    thanked: tuple[str, ...]


class Stand(NamedTuple):
    """Where it stands on a day in a language."""

    found: int
    open: int
    done: int
    exempt: int
    relapsed: int
    customers: int
    messages: int


@dataclass
class _Box:
    found: int
    last: Sending
    done: bool = False
    back: bool = False
    named: int = 0
    thanked: bool = False


@dataclass(frozen=True)
class Exemption:
    """A customer who is left alone from a moment until a day (its number), or for good."""

    customer: str
    since: int
    until: int = 999


@dataclass
class Oracle:
    """Goes through the moments at which somebody looked, and tells what was due."""

    script: Script
    way: Way
    exemptions: tuple[Exemption, ...] = ()
    stages: Stages | None = None
    letters: list[Due] = field(default_factory=list)
    uncalled: list[tuple[str, int]] = field(default_factory=list)
    stands: dict[tuple[int, str], Stand] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._owners = {
            _ascii(row.partition(">")[0]): customer
            for customer in self.script.customers
            for row in customer.rows
            if customer.known
        }
        self._boxes: dict[str, _Box] = {}
        self._changes: defaultdict[str, list[tuple[int, bool]]] = defaultdict(list)
        self._numbers: defaultdict[str, int] = defaultdict(int)
        self._weeks: dict[str, int] = {}
        self._lines: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for host, at, read in self.script.noises():
            if read is not None:
                self._lines[host].append((at, read))
        self.uses()

    def uses(self) -> None:
        """Take from the script who uses the old way when; what is refused from now on is none."""
        rows = [row.partition(">") for customer in self.script.customers for row in customer.rows]
        aliases = {alias: mailbox for alias, _, mailbox in rows if mailbox}
        self._new: defaultdict[str, list[int]] = defaultdict(list)
        for habit in (habit for customer in self.script.customers for habit in customer.habits if habit.sends):
            first = habit.mailboxes[0]
            days = [self.script.moment(day, 17) for day in habit.days if day >= habit.switched]
            self._new[aliases.get(first, first)] += days
        self._of: defaultdict[str, list[Sending]] = defaultdict(list)
        for sending in self.script.of(self.way):
            for mailbox in sending.meant if sending.read is not None else ():
                self._of[aliases.get(mailbox, mailbox)].append(sending)

    def look(self, at: int) -> None:
        """Take in what was known at a moment."""
        day, quiet = self.script.number(at), self.way.quiet
        if day >= self.way.settled:
            return
        since = self.script.moment(day - quiet)
        newest = {mailbox: self._newest(sendings, at) for mailbox, sendings in self._of.items()}
        for mailbox, last in newest.items():
            if last is not None and last.at >= since:
                self._seen(mailbox, last, at)
        hosts = (*RELAYS, LOGINS) if self.way is POP else (LOGINS,)
        if all(self._heard(host, each, at) for host in hosts for each in range(day - quiet, day)):
            for mailbox, box in self._boxes.items():
                last = newest[mailbox]
                if not box.done and last is not None and last.at < since and not self._cut_off(mailbox, last, at):
                    box.done, box.last = True, last
                    self._changes[mailbox].append((at, True))
        self._write(at, day, newest)
        self._count(at, day)

    def _cut_off(self, mailbox: str, last: Sending, at: int) -> bool:
        """Tell whether it may be silent since its stage is off: seen shortly before, and never the new way since."""
        day, quiet = self.script.number(at), self.way.quiet
        shut = self.stages.shut(mailbox, at) if self.stages else None
        if shut is None or (shut[1] is not None and self.script.moment(*shut[1]) <= self.script.moment(day - quiet)):
            return False
        owner = self._owners.get(mailbox)
        exempt = owner is not None and self._exempt(owner.name, at, day)
        changed = any(last.at < when <= at for when in self._new[mailbox])
        return last.at >= self.script.moment(shut[0][0] - quiet) and not changed and not exempt

    def _newest(self, sendings: Sequence[Sending], at: int) -> Sending | None:
        for number in range(bisect_right(sendings, at, key=_at) - 1, -1, -1):
            read = sendings[number].read
            if read is not None and read <= at:
                return sendings[number]
        return None

    def _seen(self, mailbox: str, last: Sending, at: int) -> None:
        box = self._boxes.get(mailbox)
        if box is None:
            self._boxes[mailbox] = _Box(at, last)
        elif box.done and last.at > box.last.at:
            box.done, box.back, box.found, box.last = False, True, at, last
        else:
            return
        self._changes[mailbox].append((at, False))

    def _heard(self, host: str, day: int, at: int) -> bool:
        begins, ends = self.script.moment(day), self.script.moment(day + 1)
        known = [when for when, read in self._lines[host] if read <= at]
        place = bisect_left(known, begins)
        return bool(known) and place < len(known) and known[place] < ends <= known[-1]

    def told(self, due: Due, at: int) -> Due:
        """Return what a letter still tells that is handed over at a moment: who is done, off or back by then is out."""
        listed = tuple(each for each in due.listed if not self._done(each.mailbox, at) and self._on(each.mailbox, at))
        thanked = tuple(each for each in due.thanked if self._done(each, at))
        return replace(due, listed=listed, thanked=thanked, number=due.number if listed else 0)

    def went(self, customer: str, at: int) -> None:
        """Take in that a customer's newest letter was handed over: what it did not say any more counts for nothing."""
        due = next(each for each in reversed(self.letters) if each.customer == customer)
        said = self.told(due, at)
        for each in set(due.listed) - set(said.listed):
            self._boxes[each.mailbox].named -= 1
        for mailbox in set(due.thanked) - set(said.thanked):
            self._boxes[mailbox].thanked = False
        self._numbers[customer] -= bool(due.listed) - bool(said.listed)

    def _done(self, mailbox: str, at: int) -> bool:
        return [done for when, done in self._changes[mailbox] if when <= at][-1]

    def _on(self, mailbox: str, at: int) -> bool:
        ends = self.ends(mailbox, at)
        return ends is None or self.script.number(at) < ends

    def ends(self, mailbox: str, at: int) -> int | None:
        """Return the day on which it ends for a mailbox, as it is known at a moment; None where that is not fixed."""
        return self.stages.ends(mailbox, at, self.way.ends) if self.stages else self.way.ends

    def moment(self, week: int, late: int = 0) -> int:
        """Return when the letters of a week begin to go, or so many days later."""
        return self.script.moment(self.way.letter_day(week) + late, self.way.hour)

    def _closes(self, week: int, late: int = 0) -> int:
        """Return when the letters' hours of a week are over: what is decided later goes a day later."""
        return self.script.moment(self.way.letter_day(week) + late, self.way.hour + self.way.spread)

    def _write(self, at: int, day: int, newest: Mapping[str, Sending | None]) -> None:
        week = next(week for week in range(20, -20, -1) if self.moment(week) <= at)
        late = next((late for late in range(3) if at < self._closes(week, late)), None)
        if week < 1 or late is None or self.moment(week, late) >= self.script.moment(self.way.settled):
            return
        asked = max(day, self.way.letter_day(week) + late)
        for customer, boxes in self._customers().items():
            if self._exempt(customer.name, at, day) or self._weeks.get(customer.name, 0) >= week:
                continue
            until = self._closes(week)
            still = sorted(
                name
                for name, box in boxes.items()
                if not box.done and box.found < until and ((ends := self.ends(name, at)) is None or asked < ends)
            )
            fixed = sorted(name for name, box in boxes.items() if box.done and box.named and not box.thanked)
            if self._numbers[customer.name] >= self.way.letters:
                still = []
            self._letter(at, customer, week, still, fixed, newest)

    def _letter(  # noqa: PLR0913, PLR0917 a letter has that many parts
        self,
        at: int,
        customer: Customer,
        week: int,
        still: list[str],
        fixed: list[str],
        newest: Mapping[str, Sending | None],
    ) -> None:
        reachable = customer.known and "@" in customer.contact
        if not still and not (fixed and reachable):
            return
        self._weeks[customer.name] = week
        self._numbers[customer.name] += bool(still)
        for mailbox in still:
            self._boxes[mailbox].named += 1
        if not reachable:
            self.uncalled.append((customer.name, week))
            return
        for mailbox in fixed:
            self._boxes[mailbox].thanked = True
        listed = tuple(self._listed(at, mailbox, use) for mailbox in still if (use := newest[mailbox]) is not None)
        number = self._numbers[customer.name] if still else 0
        of = self._most(number, week, [self.ends(mailbox, at) for mailbox in still]) if still else 0
        self.letters.append(Due(customer.name, week, number, of, listed, tuple(fixed)))

    def _most(self, number: int, week: int, ends: Sequence[int | None]) -> int:
        """Return how many letters there can be, if this is that number: one a week until it has ended for all these."""
        days = [day for day in ends if day is not None]
        left = self.way.weeks(max(days)) - week if len(days) == len(ends) else self.way.letters
        return min(self.way.letters, number + left)

    def _listed(self, at: int, mailbox: str, use: Sending) -> Listed:
        """Return what may be told of a use: neither time nor address, where it may have been another customer's."""
        told = len({self.owner(each).name for each in use.meant}) == 1
        messages = self._messages(mailbox, at)
        return Listed(mailbox, use.at, use.client.ip, messages) if told else Listed(mailbox, 0, "", messages)

    def _messages(self, mailbox: str, at: int) -> int:
        """Return how many went the old way on this day and the six before, as far as they were read."""
        sendings, since = self._of[mailbox], self.script.moment(self.script.number(at) - 6)
        begin, end = bisect_left(sendings, since, key=_at), bisect_right(sendings, at, key=_at)
        return sum(each.read is not None and each.read <= at for each in sendings[begin:end])

    def _customers(self) -> dict[Customer, dict[str, _Box]]:
        """Return the boxes of each customer."""
        found: defaultdict[Customer, dict[str, _Box]] = defaultdict(dict)
        for mailbox, box in self._boxes.items():
            found[self.owner(mailbox)][mailbox] = box
        return found

    def owner(self, mailbox: str) -> Customer:
        """Return whose a mailbox is; a stranger's is its domain's, `@domain`."""
        domain = mailbox.rpartition("@")[2]
        nobody = Customer(f"@{domain}", "", "", "de", (), (), known=False)
        return self._owners.get(mailbox) or self._owners.get(f"@{domain}", nobody)

    def _exempt(self, customer: str, at: int, day: int) -> bool:
        return any(each.customer == customer and each.since <= at and day <= each.until for each in self.exemptions)

    def _count(self, at: int, day: int) -> None:
        stands: defaultdict[str, Counter[str]] = defaultdict(Counter)
        asked: defaultdict[str, set[str]] = defaultdict(set)
        for mailbox, box in self._boxes.items():
            customer = self.owner(mailbox)
            exempt = not box.done and self._exempt(customer.name, at, day)
            still = not box.done and not exempt
            messages = self._messages(mailbox, at)
            if still:
                asked[customer.language].add(customer.name)
            stands[customer.language].update(
                found=1, open=still, done=box.done, exempt=exempt, relapsed=box.back, messages=messages
            )
        for language, counted in stands.items():
            values = {field: counted[field] for field in Stand._fields} | {"customers": len(asked[language])}
            self.stands.setdefault((day, language), Stand(**values))


def _at(sending: Sending) -> int:
    return sending.at


def _ascii(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.encode('idna').decode()}"
