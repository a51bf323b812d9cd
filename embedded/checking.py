"""What `relaywarden check` finds on this machine: names that no module has, files, programs and ports that do not work.

A finding is something that would not work; a note is something that works, but likely not as it was meant.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from collectors import documents, logins, mta
from collectors.demands import demands
from collectors.geo import GeoDatabases
from collectors.lists import chosen
from collectors.outbound import of_master_cf
from collectors.ways import NO_WAYS, ways_of
from embedded.checking_access import closed, open_doors
from embedded.checking_api import exposed, unserved
from embedded.checking_bars import loose, suspensions
from embedded.checking_followers import followers, odd
from embedded.checking_hooks import open_hooks, pool_hooks
from embedded.checking_inputs import held, piped, unready
from embedded.checking_paths import creatable
from embedded.checking_sunsets import blind, unwritten
from embedded.checking_switches import stages
from embedded.listening import faults
from schemas import domain_file
from schemas.inputs.taken import not_taken
from schemas.settings import Log, Settings
from streams import alert_channels, hookplaces, hooks, leak_key
from streams.steps import known_rules
from streams.trust import SCOPE_FACTOR

_PUBLIC = {
    "1.0.0.1", "1.1.1.1", "2606:4700:4700::1001", "2606:4700:4700::1111",
    "8.8.4.4", "8.8.8.8", "2001:4860:4860::8844", "2001:4860:4860::8888",
    "9.9.9.9", "9.9.9.10", "9.9.9.11", "149.112.112.112", "2620:fe::9", "2620:fe::fe",
    "208.67.220.220", "208.67.222.222", "2620:119:35::35", "2620:119:53::53",
    "4.2.2.1", "4.2.2.2", "64.6.64.6", "64.6.65.6", "94.140.14.14", "94.140.15.15", "185.228.168.9", "76.76.2.0",
}  # fmt: skip


def findings(settings: Settings, master_cf: Path | None = None) -> list[str]:
    """Return a sentence for each thing that would not work, with its place in the configuration.

    With a `master_cf` also where Postfix's transports are others than the pools'. OSError if that cannot be read.
    """
    files = (_formats, _lists, _logs, _maildirs, _domains, _geoip, _rules, _leaks_key)
    checks = (
        *files,
        pool_hooks,
        _shared,
        faults,
        suspensions,
        followers,
        unready,
        blind,
        stages,
        alert_channels.faults,
        unserved,
        closed,
    )
    wrong = [sentence for check in checks for sentence in check(settings)]
    return wrong + (list(_master_cf(settings, master_cf)) if master_cf else [])


def notes(settings: Settings) -> list[str]:
    """Return a sentence for each thing that works, but hardly as it was meant."""
    return [
        *_notes(settings),
        *loose(settings),
        *open_hooks(settings),
        *odd(settings),
        *held(settings),
        *piped(settings),
        *unwritten(settings),
        *alert_channels.odd(settings),
        *exposed(settings),
        *open_doors(settings),
    ]


def _notes(settings: Settings) -> Iterator[str]:
    for name, pool in settings.pool.items():
        place = f"pool.{name}"
        if pool.dry_run:
            yield f"{place}.dry_run: true: decisions are recorded, the MTAs are left alone"
        elif pool.mode == "shadow":
            yield f"{place}.mode: shadow: decisions are recorded, the MTAs keep every IP"
        if not hooks.configured(pool.hooks):
            yield f"{place}.hooks: none: a withdrawal reaches no MTA"
        if pool.min_active == len(pool.ips):
            yield f"{place}.min_active: {pool.min_active} of {len(pool.ips)} IPs: none is ever withdrawn by itself"
    if settings.pool and not settings.mta:
        yield "mta: no log: it cannot be seen whether a withdrawn IP stopped sending"
    asked = {"dnsbl.resolvers": settings.dnsbl.resolvers}
    asked |= {f"dnsbl.list.{name}.resolvers": one.resolvers for name, one in settings.dnsbl.list.items()}
    for place, resolvers in asked.items():
        for resolver in sorted(_PUBLIC.intersection(resolvers)):
            yield f"{place}: {resolver} is a public resolver: most lists refuse to answer it"


def _formats(settings: Settings) -> Iterator[str]:
    known: tuple[tuple[str, str, str, Callable[[str], object]], ...] = (
        *(("mta", name, log.format, mta.load) for name, log in settings.mta.items()),
        *(("logins", name, log.format, logins.load) for name, log in settings.logins.items()),
        *(
            ("complaints", name, box.format, partial(documents.reader, ways=NO_WAYS))
            for name, box in settings.complaints.items()
        ),
    )
    for part, name, format_name, load in known:
        yield from _refused(f"{part}.{name}.format", load, format_name)


def _domains(settings: Settings) -> Iterator[str]:
    yield from _told(partial(domain_file.domains, settings))


def _refused(place: str, load: Callable[[str], object], wanted: str) -> Iterator[str]:
    yield from (f"{place}: {sentence}" for sentence in _told(partial(load, wanted)))


def _told(use: Callable[[], object]) -> Iterator[str]:
    """Use what is configured, and yield what is said against it."""
    try:
        use()
    except ValueError as error:
        yield str(error)


def _lists(settings: Settings) -> Iterator[str]:
    try:
        lists = chosen(settings.dnsbl)
    except ValueError as error:
        yield str(error)
        return
    yield from demands(settings)
    if settings.pool and not lists:
        yield "dnsbl.lists: empty, so no listing can ever be seen; name at least one list"
        return
    total = sum(one.weight * SCOPE_FACTOR[one.scope] for one in lists)
    for name, pool in settings.pool.items():
        if total < pool.threshold:
            yield f"pool.{name}.threshold: {pool.threshold:g} is never reached: all lists together count {total:g}"


def _logs(settings: Settings) -> Iterator[str]:
    for part, logs in (("mta", settings.mta), ("logins", settings.logins)):
        files = {name: log for name, log in logs.items() if not log.input}
        yield from _twice(part, "log", {name: log.log for name, log in files.items()})
        for name, log in files.items():
            yield from _log(f"{part}.{name}.log", log)
    yield from not_taken(settings.input, settings.inputs_by_table)
    yield from creatable("data", settings.data / "any")


def _log(place: str, log: Log) -> Iterator[str]:
    if not log.log.exists():
        yield f"{place}: {log.log} is not there"
    elif not log.log.is_file():
        yield f"{place}: {log.log} is no file"
    elif not os.access(log.log, os.R_OK):
        yield f"{place}: {log.log} cannot be read by this user"


def _maildirs(settings: Settings) -> Iterator[str]:
    yield from _twice("complaints", "maildir", {name: box.maildir for name, box in settings.complaints.items()})
    for name, box in settings.complaints.items():
        yield from _told(partial(ways_of, box, f"complaints.{name}"))
        if box.input and not box.maildir.exists():
            yield from creatable(f"complaints.{name}.maildir", box.maildir / "new")
            continue  # it is made when it is needed
        if not box.maildir.is_dir():
            yield f"complaints.{name}.maildir: {box.maildir} is no folder"
        elif not os.access(box.maildir, os.W_OK):
            yield f"complaints.{name}.maildir: {box.maildir} cannot be written by this user (read mails move to cur/)"


def _geoip(settings: Settings) -> Iterator[str]:
    for path in settings.geoip.databases:
        try:
            GeoDatabases(settings.geoip.model_copy(update={"databases": (path,)}))
        except ValueError as error:
            yield str(error)


def _leaks_key(settings: Settings) -> Iterator[str]:
    try:
        leak_key.known(settings.data)
    except ValueError as error:
        yield str(error)


def _twice(part: str, key: str, paths: dict[str, Path]) -> Iterator[str]:
    """Name what is read twice: each event would count twice."""
    for path, count in Counter(path.absolute() for path in paths.values()).items():
        if count > 1:
            names = ", ".join(f"{part}.{name}.{key}" for name, one in paths.items() if one.absolute() == path)
            yield f"{names}: {path} would be read {count} times, and each event counted as often"


def _rules(settings: Settings) -> Iterator[str]:
    try:
        known_rules(settings.mailboxes)
    except ValueError as error:
        yield str(error)


def _shared(settings: Settings) -> Iterator[str]:
    yield from hookplaces.faults(settings.pool)


def _master_cf(settings: Settings, path: Path) -> Iterator[str]:
    """Compare the pools' transports with those that Postfix would use."""
    told = of_master_cf(path)
    there = told.ips
    for service, why in told.unresolved.items():
        yield f"{path}: {service}: {why}"
    for name, pool in settings.pool.items():
        for transport, ip in pool.transports.items():
            place = f"pool.{name}.transports.{transport}"
            if transport not in there:
                known = ", ".join(sorted(there)) or "none"
                yield f"{place}: {path} has no such transport with an address of its own; there are {known}"
            elif there[transport] != ip:
                yield f"{place}: is {ip}, but {path} binds it to {there[transport]}"


def split(finding: str) -> dict[str, object]:
    """Return a finding as its place in the configuration and what is wrong there."""
    place, _, problem = finding.partition(": ")
    return {"place": place, "problem": problem}
