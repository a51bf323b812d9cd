"""RATS-Spam: hosts from which much spam was seen or reported.

Lists: https://www.spamrats.com/lists.php
Key: https://www.suped.com/learn/blocklists/spamrats-rats-spam-blacklist
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="spamrats_spam",
    zone="{key}.spam.spamrats.com",
    operator="SpamRATS (mThreat Technology)",
    weight=0.4,
    listed={
        "127.0.0.38": "much spam",
    },
    removal="https://www.spamrats.com/lookup",
    needs="a key (registration is free)",
    key_env="RELAYWARDEN_SPAMRATS_KEY",
    seen="2026-06",
)
