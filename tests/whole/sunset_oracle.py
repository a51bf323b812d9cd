"""What is due in eight weeks, told from the script and the words of the issue alone: no code of the desk is used.

A mailbox is a user from when it was seen within seven days, and done once it was seen on none of seven whole days on
each of which the logs of all hosts were read. On Tuesday from 9 to 13 o'clock each customer has one letter on its open
mailboxes, six at most, and is thanked once for each that was named and is done; what could not be decided then is made
up for on one of the two days after. Who is exempt is left alone. For two weeks after the end who is done is still seen,
and thanked on Tuesday. What may be of another customer is told without its time and address.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import NamedTuple

from tests.whole.sunset_script import LOGINS, RELAYS, SETTLED, WEEKS, ZONE, Customer, Script, Sending

LETTERS, QUIET = 6, 7


class Listed(NamedTuple):
    """A mailbox in a letter: when it was used last, and from where; 0 and "" where that is not told."""

    mailbox: str
    last: int
    ip: str


@dataclass(frozen=True)
class Due:
    """A letter that a customer has to get; `number` 0 is a thank-you only."""

    customer: str
    week: int
    number: int
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
    named: bool = False
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
    exemptions: tuple[Exemption, ...]
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
        rows = [row.partition(">") for customer in self.script.customers for row in customer.rows]
        aliases = {alias: mailbox for alias, _, mailbox in rows if mailbox}
        self._boxes: dict[str, _Box] = {}
        self._numbers: defaultdict[str, int] = defaultdict(int)
        self._weeks: dict[str, int] = {}
        self._of: defaultdict[str, list[Sending]] = defaultdict(list)
        for sending in self.script.sendings:
            for mailbox in sending.meant:
                self._of[aliases.get(mailbox, mailbox)].append(sending)
        self._lines: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for host, at, read in self.script.noises():
            if read is not None:
                self._lines[host].append((at, read))

    def look(self, at: int) -> None:
        """Take in what was known at a moment."""
        day = self.day(at)
        if day >= SETTLED:
            return
        since = self.script.moment(day - QUIET)
        newest = {mailbox: self._newest(sendings, at) for mailbox, sendings in self._of.items()}
        for mailbox, last in newest.items():
            if last is not None and last.at >= since:
                self._seen(mailbox, last, at)
        if all(self._heard(host, each, at) for host in (*RELAYS, LOGINS) for each in range(day - QUIET, day)):
            for mailbox, box in self._boxes.items():
                last = newest[mailbox]
                if not box.done and last is not None and last.at < since:
                    box.done, box.last = True, last
        self._write(at, day, newest)
        self._count(at, day, self.script.moment(day - 6))

    def day(self, at: int) -> int:
        """Return the number of a moment's day."""
        local: date = datetime.fromtimestamp(at / 1_000_000, UTC).astimezone(ZONE).date()
        return (local - self.script.begins).days

    def _newest(self, sendings: Iterable[Sending], at: int) -> Sending | None:
        known = [each for each in sendings if each.at <= at and each.read is not None and each.read <= at]
        return known[-1] if known else None

    def _seen(self, mailbox: str, last: Sending, at: int) -> None:
        box = self._boxes.get(mailbox)
        if box is None:
            self._boxes[mailbox] = _Box(at, last)
        elif box.done and last.at > box.last.at:
            box.done, box.back, box.found, box.last = False, True, at, last

    def _heard(self, host: str, day: int, at: int) -> bool:
        begins, ends = self.script.moment(day), self.script.moment(day + 1)
        known = [when for when, read in self._lines[host] if read <= at]
        place = bisect_left(known, begins)
        return bool(known) and place < len(known) and known[place] < ends <= known[-1]

    def _write(self, at: int, day: int, newest: Mapping[str, Sending | None]) -> None:
        week = day // 7 + 1
        moment = self.script.moment(7 * (week - 1) + 1, 9)
        within = any(
            moment <= at < self.script.moment(7 * (week - 1) + 1 + late, 13) for late in range(3)
        )  # the day's hours are over at 13: what is decided later goes a day later
        if week < 1 or not within:
            return
        for customer, boxes in self._customers().items():
            if self._exempt(customer.name, at, day) or self._weeks.get(customer.name, 0) >= week:
                continue
            until = self.script.moment(7 * (week - 1) + 1, 13)
            still = sorted(name for name, box in boxes.items() if not box.done and box.found < until)
            fixed = sorted(name for name, box in boxes.items() if box.done and box.named and not box.thanked)
            self._letter(customer, week, still, fixed, newest)

    def _letter(
        self, customer: Customer, week: int, still: list[str], fixed: list[str], newest: Mapping[str, Sending | None]
    ) -> None:
        asks = bool(still) and self._numbers[customer.name] < LETTERS and week <= WEEKS
        reachable = customer.known and "@" in customer.contact
        if not asks and not (fixed and reachable):
            return
        self._weeks[customer.name] = week
        self._numbers[customer.name] += asks
        for mailbox in still if asks else ():
            self._boxes[mailbox].named = True
        if not reachable:
            self.uncalled.append((customer.name, week))
            return
        for mailbox in fixed:
            self._boxes[mailbox].thanked = True
        uses = ((mailbox, newest[mailbox]) for mailbox in (still if asks else ()))
        listed = tuple(self._listed(mailbox, use) for mailbox, use in uses if use is not None)
        self.letters.append(Due(customer.name, week, self._numbers[customer.name] if asks else 0, listed, tuple(fixed)))

    def _listed(self, mailbox: str, use: Sending) -> Listed:
        """Return what may be told of a use: neither time nor address, where it may have been another customer's."""
        told = len({self.owner(each).name for each in use.meant}) == 1
        return Listed(mailbox, use.at, use.client.ip) if told else Listed(mailbox, 0, "")

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

    def _count(self, at: int, day: int, since: int) -> None:
        stands: defaultdict[str, Counter[str]] = defaultdict(Counter)
        asked: defaultdict[str, set[str]] = defaultdict(set)
        for mailbox, box in self._boxes.items():
            customer = self.owner(mailbox)
            exempt = not box.done and self._exempt(customer.name, at, day)
            still = not box.done and not exempt
            sent = [each for each in self._of[mailbox] if since <= each.at <= at]
            messages = sum(each.read is not None and each.read <= at for each in sent)
            if still:
                asked[customer.language].add(customer.name)
            stands[customer.language].update(
                found=1, open=still, done=box.done, exempt=exempt, relapsed=box.back, messages=messages
            )
        for language, counted in stands.items():
            values = {field: counted[field] for field in Stand._fields} | {"customers": len(asked[language])}
            self.stands.setdefault((day, language), Stand(**values))


def _ascii(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.encode('idna').decode()}"
