"""The file that Streamlit's `st.login` reads, as far as a login must not hang on what is wrong there.

Keys: https://docs.streamlit.io/develop/api-reference/user/st.login
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from schemas.password import closed_text

_NEEDED = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
_CALLBACK = "/oauth2callback"
_SHORTEST = 20


def faults(path: Path, hosts: tuple[str, ...], setting: str) -> Iterator[str]:
    """Yield a sentence for each thing in the file of `setting` with which nobody, or anybody, could log in.

    `hosts` are the names under which browsers reach the pages.
    """
    try:
        table = tomllib.loads(closed_text(path, setting)).get("auth")
    except tomllib.TOMLDecodeError as error:
        yield f"{setting}: {path}: no TOML: {error}"
        return
    except ValueError as error:
        yield str(error)
        return
    if not isinstance(table, dict):
        yield f"{setting}: {path}: there is no table [auth]"
        return
    for name in _NEEDED:
        if not isinstance(table.get(name), str) or not table[name]:
            yield f"{setting}: {path}: auth.{name} is not there, or no text"
        elif name == "cookie_secret" and len(table[name]) < _SHORTEST:
            why = f"is shorter than {_SHORTEST} characters: logins could be forged"
            yield f"{setting}: {path}: auth.cookie_secret {why}"
        elif name == "redirect_uri":
            yield from (f"{setting}: {path}: {why}" for why in _elsewhere(table[name], hosts))


def _elsewhere(uri: str, hosts: tuple[str, ...]) -> Iterator[str]:
    try:
        parts = urlsplit(uri)
    except ValueError:
        yield f"auth.redirect_uri: {uri!r} is no URL"
        return
    if parts.scheme not in {"http", "https"} or parts.path != _CALLBACK:
        yield f"auth.redirect_uri: {uri!r} is no http(s) URL that ends with {_CALLBACK}"
    elif parts.hostname not in {*hosts, "localhost", "127.0.0.1", "::1"}:
        yield f"auth.redirect_uri: {parts.hostname} is none of dashboard.access.hosts"
