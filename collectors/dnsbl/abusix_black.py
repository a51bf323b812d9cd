"""Abusix black: senders to spamtraps, until some five days after the last hit.

Zones and codes: https://docs.abusix.com/docs/guardian-mail/production-zones
Free volume: https://mxio.io/blacklists/abusix
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="abusix_black",
    zone="{key}.black.mail.abusix.zone",
    operator="Abusix",
    weight=0.6,
    listed={
        "127.0.0.2": "black: sent to a spamtrap",
        "127.0.0.3": "black: very low reputation, or a neighbour of hosts that hit spamtraps",
        "127.0.0.200": "black: listed by hand for a long time",
    },
    ipv6=True,
    removal="https://lookup.abusix.com/",
    lasts_hours=125,
    needs="a key (free up to 5,000 questions a day)",
    queries_a_day=5000,
    key_env="RELAYWARDEN_ABUSIX_KEY",
)
