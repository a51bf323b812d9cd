"""RATS-Auth: hosts that guess passwords; its operator asks not to refuse mail by it.

Lists: https://www.spamrats.com/lists.php
Key: https://www.suped.com/learn/blocklists/spamrats-rats-auth-blacklist
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="spamrats_auth",
    zone="{key}.auth.spamrats.com",
    operator="SpamRATS (mThreat Technology)",
    weight=0.1,
    listed={
        "127.0.0.43": "guesses passwords",
    },
    removal="https://www.spamrats.com/lookup",
    needs="a key (registration is free)",
    key_env="RELAYWARDEN_SPAMRATS_KEY",
    seen="2026-06",
)
