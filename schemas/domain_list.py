"""The customers' domains of a configuration: those of `[customers]`, of `[domains]`, and of its file. Pure."""

from collections.abc import Iterator

import msgspec

from schemas.checked import domain
from schemas.domain_settings import MOST_SELECTORS, selector
from schemas.names import domain_of
from schemas.settings import Settings

_MOST_WRONG = 20
_MOST_CUSTOMER = 100
_COLUMNS = 3


class Listed(msgspec.Struct, frozen=True):
    """A domain, whose it is ("": nobody's by name), and the selectors of its own; without any, those of all."""

    domain: str
    customer: str = ""
    selectors: tuple[str, ...] = ()


def parse(text: str, place: str) -> list[Listed]:
    """Return the domains of a file: `domain[,selector …[,customer]]` a line; `#` begins a comment.

    ValueError names each line that is wrong (the first twenty) with `place`, its number and what stands there. A file
    without any domain is wrong, too: what wrote it has failed, more likely than that all customers left.
    """
    found: dict[str, tuple[int, Listed]] = {}
    wrong: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        content = line.partition("#")[0].strip()
        if not content:
            continue
        try:
            listed = _line(content)
            if listed.domain in found:
                raise ValueError(f"{listed.domain} stands in line {found[listed.domain][0]} already")  # noqa: TRY301
        except ValueError as error:
            wrong.append(f"{place}:{number}: {error}")
        else:
            found[listed.domain] = number, listed
    if wrong:
        more = f"; and {len(wrong) - _MOST_WRONG} more lines" if len(wrong) > _MOST_WRONG else ""
        raise ValueError("; ".join(wrong[:_MOST_WRONG]) + more)
    if not found:
        raise ValueError(f"{place} names no domain; without any, leave domains.file out")
    return [listed for _, listed in found.values()]


def _line(content: str) -> Listed:
    name, *rest = (part.strip() for part in content.split(","))
    if len(rest) >= _COLUMNS:
        raise ValueError(f"{content!r} has more than domain, selectors, customer")
    selectors = tuple(dict.fromkeys(map(selector, rest[0].split()))) if rest else ()
    if len(selectors) > MOST_SELECTORS:
        raise ValueError(f"{len(selectors)} selectors; at most {MOST_SELECTORS} are looked for")
    customer = rest[1] if len(rest) > 1 else ""
    if not customer.isprintable() or len(customer) > _MOST_CUSTOMER:
        raise ValueError(f"{customer!r} is no name of a customer")
    return Listed(domain(name), customer, selectors)


def domains(settings: Settings, listed: list[Listed]) -> list[Listed]:
    """Return each domain once, sorted; the file's selectors count, `[customers]` says whose it is.

    ValueError names the domains that the file gives to another customer than `[customers]` does.
    """
    found = {name: Listed(name) for name in settings.domains.extra}
    found |= {each.domain: each for each in listed}
    wrong: list[str] = []
    for customer, name in _of_customers(settings):
        known = found.get(name, Listed(name))
        if customer and known.customer not in {"", customer}:
            wrong.append(f"{name} is the customer {known.customer}'s in the file, and {customer}'s in [customers]")
        found[name] = Listed(name, customer or known.customer, known.selectors)
    if wrong:
        raise ValueError(f"domains.file: {'; '.join(wrong[:_MOST_WRONG])}")
    return [found[name] for name in sorted(found)]


def _of_customers(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield customer and domain of each of his domains and addresses; what stands for a network has none.

    A domain of which only addresses are named is a customer's where all of them are his; else it is nobody's, as the
    domain that a provider gives to many.
    """
    named: dict[str, str] = {}
    addressed: dict[str, set[str]] = {}
    networks = set(settings.networks.values())
    for customer, one in settings.customers.items():
        for entry in one.mailboxes:
            name = "" if entry in networks else _domain_in(entry)
            if name and "@" in entry:
                addressed.setdefault(name, set()).add(customer)
            elif name:
                named[name] = customer
    yield from ((customer, name) for name, customer in named.items())
    for name, customers in addressed.items():
        if name not in named:
            yield min(customers) if len(customers) == 1 else "", name


def _domain_in(entry: str) -> str:
    """Return the domain of a customer's domain or address, "" where the DNS could not hold it, or it is none."""
    try:
        return domain(domain_of(entry) or entry)
    except ValueError:
        return ""
