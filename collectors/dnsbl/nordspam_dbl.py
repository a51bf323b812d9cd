"""NordSpam DBL: domains of spam to the Nordic countries, each looked at by hand.

Usage: https://nordspam.com/usage
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="nordspam_dbl",
    zone="dbl.nordspam.com",
    operator="The NordSpam Project",
    weight=0.0,
    listed={
        "127.0.0.2": "domain of spam, found by hand",
    },
    removal="mailto:delist@nordspam.com",
    queries_a_day=10000,
    kind="domain",
    lasts="until somebody asks",
)
