"""Validity's Return Path Blocklist: hosts of botnets, or with mail to spamtraps and unknown users.

Policy: https://www.suped.com/learn/blocklists/validity-sender-score-return-path-blocklist-rpbl
Refusals (127.255.255.255): https://knowledge.validity.com/hc/en-us/articles/20961730681243
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="senderscore",
    zone="bl.score.senderscore.com",
    operator="Validity",
    weight=0.5,
    listed={},
    errors={
        "127.255.255.255": "refused: too many questions, or the resolver is not registered",
    },
    other="sends as spammers do",
    removal="https://senderscore.org/blacklistlookup/",
    needs="registration with Validity above a small volume",
    seen="2026-06",
)
