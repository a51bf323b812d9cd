"""Spamhaus AuthBL: hosts that try stolen or guessed passwords at mail servers; a relay there has been broken into.

Zones and codes: https://docs.spamhaus.com/datasets/docs/source/10-data-type-documentation/datasets/040-zones.html
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="spamhaus_authbl_dqs",
    zone="{key}.authbl.dq.spamhaus.net",
    operator="Spamhaus",
    weight=0.2,
    listed={
        "127.0.0.20": "tries passwords at other mail servers",
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
)
