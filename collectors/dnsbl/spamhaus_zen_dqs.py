"""Spamhaus ZEN through the Data Query Service: the same data as `spamhaus_zen`, with a key and without its limits.

Zones and codes: https://docs.spamhaus.com/datasets/docs/source/10-data-type-documentation/datasets/040-zones.html
How long an entry of CSS lasts: https://www.spamhaus.org/css/index.lasso
How long one of XBL does: https://www.spamhaustech.com/protecting-mail-streams/ip-reputation-for-email/xbl/
How one of SBL ends: https://www.spamhaus.org/sbl/delistingprocedure/
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="spamhaus_zen_dqs",
    zone="{key}.zen.dq.spamhaus.net",
    operator="Spamhaus",
    weight=1.0,
    listed={
        "127.0.0.2": "SBL: spam source or spam service",
        "127.0.0.3": "CSS: snowshoe or low-reputation sender",
        "127.0.0.4/30": "XBL: infected or exploited host",
        "127.0.0.9": "DROP: network given over to crime",
        "127.0.0.10": "PBL: its provider says that it sends no mail itself",
        "127.0.0.11": "PBL: Spamhaus says that it sends no mail itself",
        "127.0.0.30": "BCL: botnet controller",
    },
    errors={
        "127.255.255.252": "the zone's name is misspelt",
        "127.255.255.254": "refused: the key is not taken, or a public resolver asks",
        "127.255.255.255": "refused: too many questions",
    },
    ipv6=True,
    removal="https://check.spamhaus.org/",
    needs="a DQS key",
    key_env="RELAYWARDEN_DQS_KEY",
    includes=("spamhaus_zen",),
    seen="2026-08",
    lasts="72 h after the last hit (CSS, XBL), or until somebody asks (SBL, PBL)",
)
