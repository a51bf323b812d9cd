"""Which DNSBLs the configuration asks: lists of the catalogue and lists of your own; dead ones are refused."""

import re
from collections.abc import Iterable

from collectors import dnsbl
from collectors.dnsbl import Dnsbl
from schemas.dnsbl_settings import Dnsbl as Settings
from schemas.dnsbl_settings import OwnList

_ZONE = re.compile(r"(?=.{1,200}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})+")

NO_LISTS = {
    "sorbs.net": "SORBS was shut down on 5 June 2024; all its zones are empty",
    "ix.dnsbl.manitu.net": "NiX Spam (manitu) ended on 16 January 2025; the zone is empty",
    "dnsbl.inps.de": "inps.de ended on 25 May 2020",
    "emailbasura.org": "emailbasura.org is a parked domain since 2019 and names everybody",
    "megarbl.net": "megarbl.net is gone and named everybody",
    "njabl.org": "NJABL ended in 2013",
    "ahbl.org": "AHBL is gone and named everybody",
    "rfc-ignorant.org": "rfc-ignorant is gone",
    "dsbl.org": "DSBL is gone",
    "ordb.org": "ORDB is gone and named everybody",
    "wpbl.info": "WPBL is gone",
    "virbl.bit.nl": "virbl is gone",
    "virbl.dnsbl.bit.nl": "virbl is gone",
    "spamcannibal.org": "spamcannibal.org is gone and named everybody",
    "dnsbl.cyberlogic.net": "cyberlogic is gone",
    "wormrbl.imp.ch": "wormrbl is gone",
    "spamrbl.imp.ch": "spamrbl.imp.ch is called swinog now",
    "unsubscore.com": "unsubscore (Lashback) does not answer any more",
    "lashback.com": "Lashback does not answer any more",
    "cbl.abuseat.org": "the CBL is part of spamhaus_zen now",
    "nszones.com": "nszones.com publishes stolen data and sells removals",
    "dnsbl.madavi.de": "madavi is gone",
    "spam.dnsbl.anonmails.de": "anonmails is gone",
    "dnsbl.anticaptcha.net": "anticaptcha is gone",
    "dnsbl.darklist.de": "darklist is gone",
    "bl.fmb.la": "fmb.la is gone",
    "list.dnswl.org": "dnswl.org lists good senders; it is no block list",
    "dnswl.spfbl.net": "dnswl.spfbl.net lists good senders; it is no block list",
    "swl.spamhaus.org": "the SWL lists good senders; it is no block list",
    "ips.whitelisted.org": "whitelisted.org lists good senders; it is no block list",
    "bogons.cymru.com": "the bogons are unassigned networks; it is no block list",
    "origin.asn.spameatingmonkey.net": "this zone tells AS numbers; it is no block list",
}
"""Zones never to be asked, with the reason; their subzones are meant too."""

_DEAD_NAMES = {
    "sorbs": "sorbs.net",
    "manitu": "ix.dnsbl.manitu.net",
    "nixspam": "ix.dnsbl.manitu.net",
    "inps": "dnsbl.inps.de",
    "emailbasura": "emailbasura.org",
    "megarbl": "megarbl.net",
    "njabl": "njabl.org",
    "ahbl": "ahbl.org",
    "rfc_ignorant": "rfc-ignorant.org",
    "dsbl": "dsbl.org",
    "ordb": "ordb.org",
    "wpbl": "wpbl.info",
    "virbl": "virbl.bit.nl",
    "spamcannibal": "spamcannibal.org",
    "cyberlogic": "dnsbl.cyberlogic.net",
    "lashback": "lashback.com",
    "cbl": "cbl.abuseat.org",
    "nszones": "nszones.com",
    "dnswl": "list.dnswl.org",
}


def refusal(zone: str) -> str:
    """Return why a zone must not be asked, "" if nothing speaks against it."""
    labels = zone.lower().rstrip(".").split(".")
    suffixes = (".".join(labels[start:]) for start in range(len(labels)))
    return next((NO_LISTS[suffix] for suffix in suffixes if suffix in NO_LISTS), "")


def own(name: str, given: OwnList) -> Dnsbl:
    """Return a list of your own. ValueError names what is wrong with it.

    A meaning that begins with `good:` or `error:` says that the code is no listing, or that the list refuses;
    without codes, every code says listed.
    """
    place = f"dnsbl.own.{name}"
    zone = given.zone.lower().rstrip(".")
    if not _ZONE.fullmatch(zone):
        raise ValueError(f"{place}.zone: {given.zone!r} is no DNS name")
    if why := refusal(zone):
        raise ValueError(f"{place}.zone: {given.zone!r} must not be asked: {why}")
    tables: dict[str, dict[str, str]] = {"listed": {}, "good": {}, "error": {}}
    for code, text in given.codes.items():
        try:
            dnsbl.network(code)
        except ValueError as error:
            raise ValueError(f"{place}.codes: {code!r} is no return code and no network of them") from error
        kind, colon, meaning = text.partition(":")
        plain = not colon or kind not in ("good", "error")
        tables["listed" if plain else kind][code] = text if plain else meaning.strip()
    return Dnsbl(
        name=name,
        zone=zone,
        operator="own",
        weight=given.weight,
        listed=tables["listed"],
        good=tables["good"],
        errors=tables["error"],
        other="" if given.codes else "listed",
        ipv6=given.ipv6,
        removal=given.removal,
    )


def chosen(settings: Settings, only: Iterable[str] = ()) -> tuple[Dnsbl, ...]:
    """Return the lists to ask: those configured, or those named by `only` (configured or not).

    ValueError names every list that cannot be asked, with the reason or the choices.
    """
    found: list[Dnsbl] = []
    wrong: list[str] = []
    for name in dict.fromkeys(tuple(only) or (*settings.lists, *settings.own)):
        try:
            found.append(_list(name, settings))
        except ValueError as error:
            wrong.append(str(error))
    if wrong:
        raise ValueError("; ".join(wrong))
    return tuple(found)


def _list(name: str, settings: Settings) -> Dnsbl:
    if name in settings.own:
        if name in dnsbl.names():
            raise ValueError(f"dnsbl.own.{name}: {name!r} is the name of a list of the catalogue; choose another")
        return own(name, settings.own[name])
    if dead := _DEAD_NAMES.get(name):
        raise ValueError(f"dnsbl.lists: {name!r} must not be asked: {NO_LISTS[dead]}")
    if name not in dnsbl.names():
        choices = ", ".join((*dnsbl.names(), *settings.own))
        raise ValueError(f"dnsbl.lists: no DNSBL {name!r}; there are {choices}")
    return dnsbl.load(name)
