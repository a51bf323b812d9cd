"""The keys of lists that need one: from the environment, into the question, and into no text."""

import os
import re

from collectors.dnsbl import Dnsbl
from schemas.dnsbl_settings import Dnsbl as Settings

_PLACE = "{key}"
_KEY = re.compile(r"[A-Za-z0-9_-]{1,63}")
HIDDEN = "[key]"


def key_of(dnsbl: Dnsbl, settings: Settings) -> str:
    """Return a list's key, "" where it needs none. ValueError, which does not tell it, where there is none of use."""
    if _PLACE not in dnsbl.zone:
        return ""
    given = settings.list[dnsbl.name].key_env if dnsbl.name in settings.list else ""
    variable = given or dnsbl.key_env
    place = f"dnsbl.list.{dnsbl.name}.key_env"
    if not variable:
        raise ValueError(f"{place}: {dnsbl.name} needs a key ({dnsbl.zone}): name the variable that holds it")
    key = os.environ.get(variable, "")
    if not key:
        raise ValueError(f"{place}: {dnsbl.name} needs a key, and the variable {variable} is not set")
    if not _KEY.fullmatch(key):
        raise ValueError(f"{place}: what the variable {variable} holds is no label of a DNS name, so no key")
    return key


def without(text: str, key: str) -> str:
    """Return a text with a key replaced, however its letters are written."""
    return re.sub(re.escape(key), HIDDEN, text, flags=re.IGNORECASE) if key else text


def with_key(zone: str, key: str) -> str:
    """Return a zone with its key in place: a secret."""
    return zone.replace(_PLACE, key)
