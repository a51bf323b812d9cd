"""How long a sunset of a million mailboxes takes to decide, and what it holds: `python -m bench.sunset [MAILBOXES]`.

What the warehouse and the directory take is measured by their own benches.
"""

import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice

import psutil

from schemas import codec
from schemas.sunset_events import ClientUse, Use
from schemas.sunset_settings import Sunset, SunsetMail
from streams.directory import Account
from streams.sunset.decide import Case, counts, users
from streams.sunset.ledger import Ledger, Ledgers, fold
from streams.sunset.look import Look
from streams.sunset.packing import Uses
from streams.sunset.weeks import day_of, moment
from streams.sunset.writing import letters

DAY = 86_400_000_000
HOSTS = frozenset(("mx1", "mx2"))
SUNSET = Sunset(
    kind="smtp_after_pop",
    begins=date(2027, 2, 1),
    ends=date(2027, 3, 22),
    mail=SunsetMail(sender="care@example.net", company="Example", support="+49", smtp_server="smtp.example.net"),
)


class Domains:
    """A directory in which each domain is a customer."""

    def of(self, mailbox: str) -> Account:
        """Return the customer of a mailbox."""
        domain = mailbox.rpartition("@")[2]
        return Account(customer=domain, contact=f"it@{domain}", language="de")

    def account(self, customer: str) -> Account:
        """Return a customer by its name."""
        return Account(customer=customer)

    def mailbox(self, address: str) -> str:
        """Return the mailbox of an address: there are no aliases."""
        return address

    def aliases(self, _: str) -> tuple[str, ...]:
        """Return the aliases of a mailbox: there are none."""
        return ()


def uses(mailboxes: int, at: int) -> Iterator[Use]:
    """Yield a use of each mailbox, three of them a customer."""
    for number in range(mailboxes):
        client = ClientUse(
            ip=f"192.0.2.{number % 250}", helo="OFFICE-PC", program="Outlook", messages=3, first=at, last=at
        )
        mailbox = f"user{number}@customer{number // 3}.example"
        yield Use(
            mailbox=mailbox, messages=3, first=at, last=at, confidence=1.0, clients=(client,), hosts=("mx1", "mx2")
        )


def held() -> float:
    """Return the memory of this process in MB."""
    return float(psutil.Process().memory_info().rss) / 1e6


class Clock:
    """Prints what each step took, and how much more it holds."""

    def __init__(self) -> None:
        self.began, self.before = time.monotonic(), held()

    def tell(self, what: str) -> None:
        """Print the step that ends now."""
        print(f"{what}: {time.monotonic() - self.began:.1f} s, {held() - self.before:+.0f} MB")
        self.began, self.before = time.monotonic(), held()


def main(mailboxes: int) -> None:
    """Decide twice about so many mailboxes."""
    at, clock = moment(SUNSET, 1), Clock()
    found = Uses(uses(mailboxes, at - DAY))
    clock.tell(f"{mailboxes} uses of a look")
    days = [(day_of(SUNSET, at) - timedelta(days=back)).isoformat() for back in range(60)]
    seen = Look(at=at, uses=found, heard=dict.fromkeys(days, HOSTS), carriers=HOSTS)
    decided = users(Case("pop", SUNSET, Ledger(), seen, Domains()))
    log: list[bytes] = []
    while chunk := list(islice(decided, 200)):
        log.append(bytes(memoryview(codec.pack(map(codec.encode, chunk)))))  # the packer gives more room than it fills
    clock.tell(f"who is found, {sum(map(len, log)) / 1e6:.0f} MB of log")
    ledgers: Ledgers = {}
    for value in log:
        fold(ledgers, codec.decode_chunk(value))
    clock.tell("the ledger from the log")
    case = Case("pop", SUNSET, ledgers["pop"], seen, Domains())
    number = sum(1 for _ in letters(case))
    clock.tell(f"{number} letters")
    for step in (counts, users):
        number = sum(1 for _ in step(case))
        clock.tell(f"{number} {step.__name__} on that")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
