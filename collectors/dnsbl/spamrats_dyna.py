"""RATS-Dyna: hosts that flooded mail servers and whose reverse DNS looks like a home connection.

Policy: https://www.spamrats.com/rats-dyna.php
Key: https://www.suped.com/learn/blocklists/spamrats-rats-spam-blacklist
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="spamrats_dyna",
    zone="{key}.dyna.spamrats.com",
    operator="SpamRATS (mThreat Technology)",
    weight=0.3,
    listed={
        "127.0.0.36": "reverse DNS of a home connection, and abusive traffic",
    },
    removal="https://www.spamrats.com/lookup",
    needs="a key (registration is free)",
    key_env="RELAYWARDEN_SPAMRATS_KEY",
    lasts="until the reverse DNS is right and somebody asks",
)
