"""NordSpam: sources of spam to the Nordic countries, each looked at by hand; a listing stays until somebody asks.

Usage: https://nordspam.com/usage
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="nordspam",
    zone="bl.nordspam.com",
    operator="The NordSpam Project",
    weight=0.3,
    listed={
        "127.0.0.2": "spam source, found by hand",
    },
    ipv6=True,
    removal="mailto:delist@nordspam.com",
    queries_a_day=10000,
    lasts="until somebody asks",
)
