"""Mailspike BL: hosts of a spam wave now, and those of the three worst grades of reputation.

The grades above (neutral .13 to .16, good .17 to .20) belong to the zone `rep`, but would be no listing here either.
Manual: https://mailspike.org/usage.html
How long entries last: https://mxtoolbox.com/problem/blacklist/mailspike-bl
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="mailspike_bl",
    zone="bl.mailspike.net",
    operator="Mailspike",
    weight=0.5,
    listed={
        "127.0.0.2": "part of a spam wave",
        "127.0.0.10": "worst reputation",
        "127.0.0.11": "very bad reputation",
        "127.0.0.12": "bad reputation",
    },
    good={
        "127.0.0.13": "suspicious, not enough for a listing",
        "127.0.0.14": "neutral, rather spam",
        "127.0.0.15": "neutral",
        "127.0.0.16": "neutral, rather legitimate",
        "127.0.0.17": "possibly good",
        "127.0.0.18": "good",
        "127.0.0.19": "very good",
        "127.0.0.20": "excellent",
    },
    removal="https://mailspike.org/iplookup.html",
    queries_a_day=100000,
    lasts="while a spam wave or its bad reputation lasts",
)
