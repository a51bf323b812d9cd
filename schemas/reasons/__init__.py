"""Why a mail was refused: one class for each reply, by what its text says and by its codes."""

from typing import NamedTuple

NAMES = (
    "user_unknown",  # the mailbox does not exist
    "host_unknown",  # the recipient's domain does not exist, or has no server
    "moved",  # the recipient has another address now
    "no_mail",  # the domain or host takes no mail at all
    "mailbox_full",
    "mailbox_disabled",  # closed, suspended, or not used for long
    "recipient_refused",  # the recipient or their server refuses this sender, or all
    "blocked_ip",  # our IP or host is on a list of theirs or of others
    "poor_reputation",  # our IP or our domain has a poor name
    "blocked_sender",  # the sender's address or domain is refused
    "auth_failed",  # SPF, DKIM, DMARC
    "reverse_dns",  # no PTR, or a name that does not fit; HELO
    "spam_content",
    "virus",
    "policy",  # another rule of theirs
    "login_required",  # they want a login, or refuse ours
    "tls",  # encryption is required, or failed
    "relay_denied",  # they do not take mail for this domain from us
    "rate",  # too many mails, connections or recipients at once
    "greylisted",
    "too_large",
    "bad_format",  # the message breaks the rules of mail
    "protocol",  # a command was not understood
    "network",
    "system",  # their server has trouble, or a full disk
    "local_delivery",  # a program that takes the mail for the mailbox failed
    "expired",  # not delivered in time
    "unknown",
)
"""The classes of refusals."""

FOR_EVER = ("user_unknown", "host_unknown", "moved", "no_mail")
"""The classes in which no mail will reach the address again: of these, a refusal with a 5xx is permanent."""

_BY_STATUS = {
    "1.1": "user_unknown",
    "1.2": "host_unknown",
    "1.3": "user_unknown",
    "1.6": "moved",
    "1.7": "blocked_sender",
    "1.8": "blocked_sender",
    "1.10": "no_mail",
    "2.1": "mailbox_disabled",
    "2.2": "mailbox_full",
    "2.3": "too_large",
    "3.1": "system",
    "3.4": "too_large",
    "4.1": "network",
    "4.2": "network",
    "4.4": "host_unknown",
    "4.7": "expired",
    "7.20": "auth_failed",
    "7.23": "auth_failed",
    "7.25": "reverse_dns",
    "7.26": "auth_failed",
    "7.28": "rate",
}


class Reason(NamedTuple):
    """Why a mail was refused, by one of NAMES; `permanent`: no mail will reach this address again."""

    name: str
    permanent: bool


def classify(reply: str, enhanced_status: str = "", code: int = 0) -> Reason:
    """Return why a mail was refused; permanent only where a 5xx says so and nothing says 4xx."""
    name = _BY_STATUS.get(enhanced_status[2:], "unknown")
    classes = {enhanced_status[:1], str(code)[:1], reply[:1]}
    return Reason(name, name in FOR_EVER and "5" in classes and "4" not in classes)
