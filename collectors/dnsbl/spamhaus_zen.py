"""Spamhaus ZEN: SBL, CSS, XBL, DROP and PBL in one answer of several codes.

An IP of a relay pool in the PBL is a mistake of its owner's, but refused like the others.
Manual: https://www.spamhaus.org/faqs/dnsbl-usage/
How long an entry of CSS lasts: https://www.spamhaus.org/css/index.lasso
How long one of XBL does: https://www.spamhaustech.com/protecting-mail-streams/ip-reputation-for-email/xbl/
How one of SBL ends: https://www.spamhaus.org/sbl/delistingprocedure/
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="spamhaus_zen",
    zone="zen.spamhaus.org",
    operator="Spamhaus",
    weight=1.0,
    listed={
        "127.0.0.2": "SBL: spam source or spam service",
        "127.0.0.3": "CSS: snowshoe or low-reputation sender",
        "127.0.0.4/30": "XBL: infected or exploited host",
        "127.0.0.9": "DROP: network given over to crime",
        "127.0.0.10": "PBL: its provider says that it sends no mail itself",
        "127.0.0.11": "PBL: Spamhaus says that it sends no mail itself",
    },
    errors={
        "127.255.255.252": "the zone's name is misspelt",
        "127.255.255.254": "refused: asked through a public resolver or one without a proper reverse DNS",
        "127.255.255.255": "refused: too many questions",
    },
    ipv6=True,
    removal="https://check.spamhaus.org/",
    needs="a resolver of your own; above the free volume a key (DQS)",
    seen="2026-08",
    queries_a_day=300000,
    lasts="72 h after the last hit (CSS, XBL), or until somebody asks (SBL, PBL)",
)
