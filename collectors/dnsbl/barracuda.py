"""Barracuda Reputation Block List; unregistered resolvers get no answer at all.

Manual: https://www.barracudacentral.org/rbl
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="barracuda",
    zone="b.barracudacentral.org",
    operator="Barracuda Networks",
    weight=1.0,
    listed={
        "127.0.0.2": "poor reputation at Barracuda",
    },
    removal="https://www.barracudacentral.org/rbl/removal-request",
    needs="the resolver's IP registered at barracudacentral.org",
)
