"""Woody's blacklist: hosts that sent to the spamtraps of a few Swiss mail servers.

Its operator documents no meaning per code, so every code says listed: http://blacklist.woody.ch/rblcheck.php3
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="woody",
    zone="blacklist.woody.ch",
    operator="woody.ch",
    weight=0.1,
    listed={},
    other="listed",
    removal="http://blacklist.woody.ch/rblcheck.php3",
    lasts="until somebody asks",
)
