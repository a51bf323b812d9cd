"""ips.backscatterer.org: senders of bounces and callouts to strangers; a fault of the set-up, no spam source.

Policy: https://www.backscatterer.org/
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="backscatterer",
    zone="ips.backscatterer.org",
    operator="UCEPROTECT",
    weight=0.2,
    listed={
        "127.0.0.2": "sent bounces or callouts to strangers",
    },
    removal="https://www.backscatterer.org/",
    lasts_hours=672,
)
