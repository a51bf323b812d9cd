"""Abusix domain blocklist: domains found in mail to its spamtraps, and where short links lead.

Zone, codes and test points: https://docs.abusix.com/ami-production-zones/dblack
Free volume: https://mxio.io/blacklists/abusix
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="abusix_domain",
    zone="{key}.dblack.mail.abusix.zone",
    operator="Abusix",
    weight=0.0,
    listed={
        "127.0.1.1": "found in mail to spamtraps",
        "127.0.1.2": "newly observed",
        "127.0.1.3": "where a short link in spam leads",
    },
    removal="https://lookup.abusix.com/",
    lasts_hours=125,
    needs="a key (free up to 5,000 questions a day)",
    queries_a_day=5000,
    kind="domain",
    key_env="RELAYWARDEN_ABUSIX_KEY",
    must="domain.test",
)
