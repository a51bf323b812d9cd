"""Spamhaus DBL: domains of low reputation, and good ones that are abused.

Zones and codes: https://docs.spamhaus.com/datasets/docs/source/10-data-type-documentation/datasets/040-zones.html
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="spamhaus_dbl",
    zone="dbl.spamhaus.org",
    operator="Spamhaus",
    weight=0.0,
    listed={
        "127.0.1.2": "domain of low reputation",
        "127.0.1.4": "phishing domain",
        "127.0.1.5": "malware domain",
        "127.0.1.6": "botnet controller domain",
        "127.0.1.102": "good domain, abused for spam",
        "127.0.1.103": "good redirector, abused for spam",
        "127.0.1.104": "good domain, abused for phishing",
        "127.0.1.105": "good domain, abused for malware",
        "127.0.1.106": "good domain, abused for a botnet controller",
    },
    errors={
        "127.0.1.255": "an IP was asked, which this list never answers",
        "127.255.255.252": "the zone's name is misspelt",
        "127.255.255.254": "refused: asked through a public resolver or one without a proper reverse DNS",
        "127.255.255.255": "refused: too many questions",
    },
    removal="https://check.spamhaus.org/",
    needs="a resolver of your own; above the free volume a key (DQS)",
    queries_a_day=300000,
    kind="domain",
    must="dbltest.com",
    seen="2026-08",
)
