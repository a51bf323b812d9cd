"""The channels of alerts: their URLs, which are secrets, and the links that messages carry."""

import os
from collections.abc import Iterator
from urllib.parse import quote, urlencode

from schemas.alert_events import AlertRaised, asked
from schemas.alert_settings import AlertChannel
from schemas.password import secret
from schemas.settings import Settings
from streams.alerts.deciding import unknown

_LONGEST = 320  # a login can be as long as its client likes, an address cannot (RFC 5321)


def url_of(name: str, channel: AlertChannel) -> str:
    """Return a channel's URL. ValueError, naming the setting and never the URL, where it cannot be had or is none."""
    place = f"alert.channel.{name}.url"
    url = secret(channel.url_env, channel.url_file, place).strip()
    if not url.isprintable() or "://" not in url:
        which = "env" if channel.url_env and os.environ.get(channel.url_env) else "file"
        raise ValueError(f"{place}_{which}: what stands there is no URL")
    return url


def faults(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each rule that is not there, and each URL that cannot be had, with its place."""
    if settings.alert is None:
        return
    yield from unknown(settings.alert)
    for name, channel in settings.alert.channel.items():
        try:
            url_of(name, channel)
        except ValueError as error:
            yield str(error)


def odd(settings: Settings) -> Iterator[str]:
    """Yield a sentence for what works, but hardly as it was meant."""
    if settings.alert is None:
        return
    if not settings.alert.channel:
        yield "alert.channel: none: alerts are listed by relaywarden alert list, and told to nobody"
    elif not settings.alert.dashboard_url:
        yield "alert.dashboard_url: none: alerts have no link to their page"


def links(dashboard_url: str, raised: AlertRaised) -> str:
    """Return in lines where an alert is shown, and where it is acknowledged; "" where nobody said where pages are."""
    if not dashboard_url:
        return ""
    return f"{link(dashboard_url, raised)}\n{dashboard_url}/alerts?alert={quote(raised.alert, safe='')}"


def link(dashboard_url: str, raised: AlertRaised) -> str:
    """Return the address of an alert's page, "" where nobody said where the pages are."""
    if not dashboard_url:
        return ""
    query = asked(raised.page, raised.shown) if len(raised.shown) <= _LONGEST else {}
    return f"{dashboard_url}/{raised.page}{'?' if query else ''}{urlencode(query, quote_via=quote, safe='')}"
