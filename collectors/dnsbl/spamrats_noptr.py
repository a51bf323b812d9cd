"""RATS-NoPtr: hosts without any reverse DNS that connect to mail servers.

Lists: https://www.spamrats.com/lists.php
Key: https://www.suped.com/learn/blocklists/spamrats-rats-spam-blacklist
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="spamrats_noptr",
    zone="{key}.noptr.spamrats.com",
    operator="SpamRATS (mThreat Technology)",
    weight=0.3,
    listed={
        "127.0.0.37": "no reverse DNS",
    },
    removal="https://www.spamrats.com/lookup",
    needs="a key (registration is free)",
    key_env="RELAYWARDEN_SPAMRATS_KEY",
    lasts="until the reverse DNS is right and somebody asks",
)
