"""How many questions a day each operator is asked, over all of his lists together, and how many he allows. Pure.

Counted are test points, IPs and names of each round; the TXT of listings and what is sent again are few.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from math import ceil

import msgspec

from collectors import dnsbl as catalogue
from collectors.dnsbl import Dnsbl, supports

_DAY_SECONDS = 86_400
_HOUR_SECONDS = 3600
_TESTS = 2


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """What one list is asked in a round, how many IPs or names and test points, and every how many seconds.

    `account` tells whose questions the operator counts together: those with one key, which is not told, or without any.
    """

    dnsbl: Dnsbl
    account: str
    subjects: int
    tests: int
    every: float

    @property
    def questions(self) -> int:
        """Return how many questions a round is."""
        return self.subjects + self.tests

    @property
    def a_day(self) -> float:
        """Return how many questions that makes in a day."""
        return self.questions * _DAY_SECONDS / self.every

    @property
    def said(self) -> str:
        """Return the round in words."""
        of_ips = self.dnsbl.kind == "ip"
        subjects = f"{self.subjects} {'IP' if of_ips else 'name'}{'' if self.subjects == 1 else 's'}"
        every = f"{self.every:g} s" if of_ips else f"{self.every / _HOUR_SECONDS:g} h"
        return f"{subjects} and {self.tests} test points every {every}"


def of_ips(dnsbl: Dnsbl, account: str, ips: Sequence[str], every: float) -> Demand:
    """Return what a list of IPs is asked about these: of each IP version that it knows, with its test points."""
    asked = [ip for ip in ips if supports(ip, dnsbl)]
    versions = max(len({":" in ip for ip in asked}), 1 if ips else 0)  # with IPs of the other version, tests alone
    return Demand(dnsbl=dnsbl, account=account, subjects=len(asked), tests=versions * _TESTS, every=every)


def of_names(dnsbl: Dnsbl, account: str, names: int, every: float) -> Demand:
    """Return what a list of domains is asked about so many names; nothing where there are none."""
    return Demand(dnsbl=dnsbl, account=account, subjects=names, tests=_TESTS if names else 0, every=every)


def exceeded(demands: Iterable[Demand]) -> Iterator[str]:
    """Yield a sentence, with its numbers, for each operator who would be asked more in a day than he allows."""
    accounts: dict[tuple[str, str], list[Demand]] = {}
    allowed: dict[tuple[str, str], int] = {}
    for each in demands:
        operator, most = _limit(each.dnsbl)
        account = operator, each.account
        accounts.setdefault(account, []).append(each)
        if most:
            allowed[account] = min(most, allowed.get(account, most))
    for account, most in allowed.items():
        asked = [each for each in accounts[account] if each.questions]
        if sum(each.a_day for each in asked) > most:
            yield _alone(asked[0], account[0], most) if len(asked) == 1 else _together(asked, account[0], most)


def _alone(asked: Demand, operator: str, most: int) -> str:
    of_ips = asked.dnsbl.kind == "ip"
    name = asked.dnsbl.name
    place = f"dnsbl.list.{name}.interval_seconds: " if of_ips else f"dnsbl.domains_interval_hours: {name}, "
    enough = ceil(asked.questions * _DAY_SECONDS / most / (1 if of_ips else _HOUR_SECONDS))
    return (
        f"{place}{asked.said}: {asked.a_day:,.0f} questions a day; {operator} allows {most:,}: "
        f"{enough} {'s' if of_ips else 'h'} or more would do"
    )


def _together(asked: Sequence[Demand], operator: str, most: int) -> str:
    each_said = "; ".join(f"{each.dnsbl.name}, {each.said}: {each.a_day:,.0f}" for each in asked)
    total = sum(each.a_day for each in asked)
    longer = ceil(10 * total / most) / 10
    return (
        f"dnsbl.lists: {each_said}; together {total:,.0f} questions a day; {operator} allows {most:,} "
        f"to all of its lists: intervals {longer:g} times as long would do"
    )


def _limit(dnsbl: Dnsbl) -> tuple[str, int]:
    """Return a list's operator and how many questions a day he allows, 0 where he does not tell.

    A list of your own below the domain of an operator who tells is his.
    """
    return _limits().get(_domain(dnsbl.zone), (dnsbl.operator, dnsbl.queries_a_day))


@cache
def _limits() -> dict[str, tuple[str, int]]:
    known = [each for each in map(catalogue.load, catalogue.names()) if each.queries_a_day]
    return {_domain(each.zone): (each.operator, each.queries_a_day) for each in known}


def _domain(zone: str) -> str:
    return ".".join(zone.split(".")[-2:])
