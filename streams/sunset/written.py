"""What became of a customer's letters, and which of his mailboxes they named or thanked for: as the log tells."""

from collections import Counter
from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from schemas.mailbox_events import WITHDRAWN, NoticeSent
from schemas.sunset_events import LetterDue, Use
from streams.sunset.packing import unpacked

APART = 4 * 86_400_000_000
"""So long (µs) after a letter at least comes a customer's next."""
STALE_DAYS = 4
"""So many days after it was due a letter that was never handed over goes no more."""
_STALE = STALE_DAYS * 86_400_000_000


class Box(msgspec.Struct, gc=False):
    """A mailbox that was found: since when it is (again) known to use the old way, and when it was seen last (µs).

    `done` is when it was told to be done, 0 while open. `written` is when the newest letter that named it was due,
    `named` how many did that had somebody to go to and were not withdrawn.
    `kept` is its use as it was found, for letters when the warehouse shows nothing newer.
    """

    customer: str
    language: str
    found: int
    last: int
    kept: bytes
    done: int = 0
    written: int = 0
    named: int = 0
    thanked: bool = False
    returned: bool = False

    def use(self, mailbox: str) -> Use:
        """Return the use with which it was found."""
        if not self.kept:
            return Use(mailbox=mailbox, confidence=1.0, last=self.last)
        return unpacked(mailbox, self.kept)


class Going(msgspec.Struct, frozen=True, gc=False):
    """A letter of which it is not known how it ended: the id of its `LetterDue`, and what it counts for.

    What it names and thanks for is what was decided, and once it was handed over (`begun`) what it said then.
    """

    id: str
    due: int
    letters: int
    named: tuple[str, ...]
    thanked: tuple[str, ...]
    begun: bool = False


class Written(msgspec.Struct, gc=False):
    """What a customer was sent: letters in number, those that reached nobody; the newest of any was `due` then (µs).

    `withdrawn` is when the newest was due that was withdrawn (µs, 0: none). `going` are the last two of which it is not
    known how they ended: none waits longer, but where nothing is sent.
    """

    letters: int = 0
    unaddressed: int = 0
    due: int = 0
    withdrawn: int = 0
    going: tuple[Going, ...] = ()


class Lost:
    """The letters of all that are too old to go at a moment (µs), though it is not on the log yet: they count for none.

    A desk that was off decides the next before it withdraws them.
    """

    def __init__(self, written: Mapping[str, Written], at: int) -> None:
        self.letters, self._named = Counter[str](), Counter[str]()
        self._thanked: set[str] = set()
        for customer, each in written.items():
            for letter in each.going:
                if not letter.begun and at - letter.due > _STALE:
                    self.letters[customer] += letter.letters
                    self._named.update(letter.named)
                    self._thanked.update(letter.thanked)

    def unthanked(self, mailbox: str, box: Box) -> bool:
        """Tell whether a letter named a mailbox, and none thanked for it."""
        return box.named > self._named[mailbox] and (not box.thanked or mailbox in self._thanked)


def expected(written: Mapping[str, Written], at: int) -> None:
    """Take the letters that wait and are not too old at a moment (µs) for gone, as who plans the next does."""
    for each in written.values():
        each.going = tuple(
            replace(letter, begun=True) if at - letter.due <= _STALE else letter for letter in each.going
        )


def decided(written: Written, boxes: Mapping[str, Box], event: LetterDue) -> None:
    """Note a letter; of those within four days a customer has one, the first that stands in the log."""
    if event.due - written.due < APART:
        return
    written.due = event.due
    counts = int(event.kind == "letter")
    for use in event.uses:
        if box := boxes.get(use.mailbox):
            box.written = max(box.written, event.due)
    if not event.recipient:
        written.unaddressed += counts
        return
    named = tuple(use.mailbox for use in event.uses)
    letter = Going(event.id, event.due, counts, named, event.thanked)
    written.going = (*written.going[-1:], letter)
    _count(written, boxes, letter)


def goes_on(written: Written, boxes: Mapping[str, Box], event: NoticeSent) -> None:
    """Note how a letter goes on: it counts for what it says, and for nothing if it is withdrawn, but its week is past.

    A log of before that was told says nothing of it: then it counts for what was decided.
    """
    letter = next((each for each in written.going if each.id == event.decision), None)
    if letter is None:
        return
    if event.status == "intended":
        _count(written, boxes, letter, -1)
        told = Going(letter.id, letter.due, int(event.template == "letter"), event.named, event.thanked)
        begun = replace(told if event.named or event.thanked else letter, begun=True)
        _count(written, boxes, begun)
        written.going = tuple(begun if each is letter else each for each in written.going)
        return
    written.going = tuple(each for each in written.going if each is not letter)
    if event.reply.startswith(WITHDRAWN):
        _count(written, boxes, letter, -1)
        written.withdrawn = max(written.withdrawn, letter.due)


def _count(written: Written, boxes: Mapping[str, Box], letter: Going, by: int = 1) -> None:
    """Count a letter, its mailboxes as named and thanked; or (-1) no more."""
    written.letters += by * letter.letters
    for mailbox in letter.named:
        if box := boxes.get(mailbox):
            box.named = max(0, box.named + by)
    for mailbox in letter.thanked:
        if box := boxes.get(mailbox):
            box.thanked = by > 0
