"""The keys of lists that need one: from the environment, into the question, and into no text."""

import os
import re
from collections.abc import Iterable

from collectors.dnsbl import Dnsbl
from schemas.dnsbl_settings import Dnsbl as Settings

_PLACE = "{key}"
_KEY = re.compile(r"[A-Za-z0-9_-]{1,63}")
_KEYED = {"dq.spamhaus.net": r"\{key\}\.", "mail.abusix.zone": r"\{key\}\.", "spamrats.com": r"(\{key\}\.)?"}
"""Zones whose names hold a key, and what may stand for it before a list's own label."""
HIDDEN = "[key]"
_TEXT_MOST = 500


def key_of(dnsbl: Dnsbl, settings: Settings) -> str:
    """Return a list's key, "" where it needs none. ValueError, which does not tell it, where there is none of use.

    A variable that is written in the configuration and not set is not told, either: it may be the key itself.
    """
    if _PLACE not in dnsbl.zone:
        return ""
    given = settings.list[dnsbl.name].key_env if dnsbl.name in settings.list else ""
    variable = given or dnsbl.key_env
    place = f"dnsbl.{'own' if dnsbl.name in settings.own and not given else 'list'}.{dnsbl.name}.key_env"
    if not variable:
        raise ValueError(f"{place}: {dnsbl.name} needs a key ({dnsbl.zone}): name the variable that holds it")
    key = os.environ.get(variable, "")
    if not key:
        known = variable in os.environ or not (given or dnsbl.name in settings.own)
        told = f"the variable {variable} is not set" if known else "no variable of the name written there is set"
        raise ValueError(f"{place}: {dnsbl.name} needs a key, and {told}")
    if not _KEY.fullmatch(key):
        raise ValueError(f"{place}: what the variable {variable} holds is no label of a DNS name, so no key")
    return key


def told_key(zone: str) -> str:
    """Return the operator's zone under which a zone holds a key as it is; "" where it holds none, or `{key}`."""
    for under, key in _KEYED.items():
        if under in zone and not re.fullmatch(rf"{key}[a-z0-9_-]+\.{re.escape(under)}", zone):
            return under
    return ""


def without(text: str, key: str) -> str:
    """Return a text with a key replaced, however its letters are written."""
    return re.sub(re.escape(key), HIDDEN, text, flags=re.IGNORECASE) if key else text


def kept(texts: Iterable[str], key: str) -> str:
    """Return the texts of a listing as one of bounded length: first without the key, so that no part of it is left."""
    return without(" ".join(texts), key)[:_TEXT_MOST]


def with_key(zone: str, key: str) -> str:
    """Return a zone with its key in place: a secret."""
    return zone.replace(_PLACE, key)
