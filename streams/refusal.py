"""What a final refusal says about the sender: a recipient who does not exist, content, our address, or nothing.

The enhanced status code (RFC 3463) is asked first; many servers send none, or 5.7.1 for everything, so their text is
looked at too. It is a stranger's, and only such words count against a sender as servers use for it.
"""

import re
from typing import Literal

Blame = Literal["recipient", "content", "address", ""]

_RECIPIENT_CODES = frozenset(("5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.4.4"))
_ADDRESS = re.compile(
    r"black ?list|block ?list|blocked using|\blisted\b|dnsbl|\brbl\b|spamhaus|spamcop|barracuda|sorbs|uceprotect"
    r"|reputation|client host|S31[45]0|your ip|ip address|\bIP\b.{0,40}(?:block|refus|reject)",
    re.IGNORECASE,
)
_RECIPIENT = re.compile(
    r"(?:user|recipient|mailbox|address|account)\S* (?:is |was )?(?:unknown|unavailable|not found|not exist|invalid|"
    r"disabled|does ?n[o']t exist|rejected: user)|(?:unknown|no such|invalid|non-?existent) (?:user|recipient|mailbox|"
    r"address|account)|does not (?:exist|have a)|doesn't have a|no mailbox|not our customer|host not found|unrouteable",
    re.IGNORECASE,
)


def blame(status: str, reply: str) -> Blame:
    """Return whom a refusal for good blames: the recipient's address, the content or sender, our IP, or nobody."""
    if status in _RECIPIENT_CODES:
        return "recipient"
    if _ADDRESS.search(reply):
        return "address"
    if _RECIPIENT.search(reply):
        return "recipient"
    return "content" if status.startswith(("5.7.", "5.6.")) or "spam" in reply.lower() else ""
