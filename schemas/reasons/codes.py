"""What the codes say: RFC 3463 and 7372's enhanced status, Microsoft's long ones, and codes of providers' own."""

import re

from schemas.reasons.said import Said

# Documented so finely that they say more than the words beside them:
# https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online
_LONG = {
    "5.2.121": "rate",
    "5.2.122": "rate",
    "5.4.14": "network",
    "5.4.300": "expired",
    "5.4.310": "host_unknown",
    "5.4.316": "expired",
    "5.7.57": "not_authorized",
    "5.7.64": "relay_denied",
    "5.7.124": "blocked_sender",
    "5.7.133": "blocked_sender",
    "5.7.134": "blocked_sender",
    "5.7.135": "blocked_sender",
    "5.7.136": "blocked_sender",
    "5.7.193": "blocked_sender",
    "5.7.322": "tls",
    "5.7.323": "tls",
    "5.7.324": "tls",
    "5.7.325": "tls",
    "5.7.501": "blocked_sender",
    "5.7.502": "blocked_sender",
    "5.7.503": "blocked_sender",
    "5.7.505": "recipient_refused",
    "5.7.506": "reverse_dns",
    "5.7.507": "blocked_ip",
    "5.7.508": "rate",
    "5.7.509": "auth_failed",
    "5.7.510": "policy",
    "5.7.511": "blocked_ip",
    "5.7.512": "bad_format",
    "5.7.513": "blocked_ip",
    "5.7.515": "auth_failed",
    "5.7.705": "blocked_sender",
    "5.7.708": "blocked_ip",
    "5.7.750": "blocked_sender",
    "4.7.650": "poor_reputation",
    "4.7.28": "rate",  # Google's, as https://support.google.com/a/answer/3726730 lists it
    "5.7.28": "rate",
}
_BANNED = range(606, 650)
_LIMITED = range(500, 900)

# Orange, La Poste and others of the same platform end their replies so: LPN007_510, OFR_506, LPN105-104.
_FRENCH = {
    "100": "blocked_ip",
    "101": "blocked_ip",
    "102": "blocked_ip",
    "103": "blocked_ip",
    "104": "rate",
    "107": "blocked_ip",
    "305": "not_authorized",
    "401": "auth_failed",
    "402": "not_authorized",
    "403": "blocked_sender",
    "405": "blocked_sender",
    "415": "blocked_sender",
    "416": "user_unknown",
    "417": "mailbox_full",
    "420": "mailbox_disabled",
    "421": "blocked_sender",
    "426": "mailbox_disabled",
    "505": "system",
    "506": "spam_content",
    "510": "blocked_ip",
    "514": "too_large",
    "517": "auth_failed",
    "630": "policy",
    "999": "blocked_ip",
}
# https://www.godaddy.com/help/fix-rejected-email-with-a-bounce-error-40685
_GODADDY = {
    "007": "rate",
    "101": "rate",
    "103": "poor_reputation",
    "104": "blocked_ip",
    "105": "blocked_ip",
    "106": "blocked_ip",
    "108": "reverse_dns",
    "110": "blocked_ip",
    "111": "blocked_ip",
    "112": "blocked_ip",
    "113": "blocked_ip",
    "212": "spam_content",
    "401": "not_authorized",
    "501": "bad_format",
    "502": "bad_format",
    "504": "rate",
    "506": "blocked_sender",
    "508": "auth_failed",
    "510": "rate",
    "605": "rate",
    "607": "rate",
    "705": "virus",
}
# https://www.cox.com/residential/support/email-error-codes.html and
# https://www.spectrum.net/support/internet/understanding-email-error-codes
_AUP = {
    "cxbl": "blocked_ip",
    "cxdns": "reverse_dns",
    "cxsndr": "auth_failed",
    "cxsmtp": "blocked_sender",
    "cxcnct": "rate",
    "cxmxrt": "rate",
    "cxthrt": "not_authorized",
    "cxmj": "not_authorized",
    "cdrbl": "blocked_ip",
    "ipbl": "blocked_ip",
    "urlbl": "spam_content",
    "1020": "blocked_ip",
    "1310": "rate",
}
_THEIRS = re.compile(
    r" (?:lpn|ofr|ouk)(?:\w{0,3} )?(?P<french>\d{3}) | ib(?P<godaddy>\d{3}) "
    r"| aup#(?:in |out |[io] )?(?P<aup>[a-z]{4,8}|\d{4})"
)
_TABLES = {"french": _FRENCH, "godaddy": _GODADDY, "aup": _AUP}

# https://www.iana.org/assignments/smtp-enhanced-status-codes: what may stand beside any words.
_STATUS = {
    "1.1": "user_unknown",
    "1.2": "host_unknown",
    "1.3": "user_unknown",
    "1.4": "user_unknown",
    "1.6": "moved",
    "1.7": "blocked_sender",
    "1.8": "blocked_sender",
    "1.10": "no_mail",
    "2.1": "mailbox_disabled",
    "2.2": "mailbox_full",
    "2.3": "too_large",
    "3.1": "system",
    "3.2": "system",
    "3.4": "too_large",
    "3.5": "system",
    "4.1": "expired",
    "4.2": "network",
    "4.3": "system",
    "4.4": "network",
    "4.5": "system",
    "4.6": "network",
    "4.7": "expired",
    "5.1": "protocol",
    "5.2": "protocol",
    "5.3": "rate",
    "5.4": "protocol",
    "5.5": "protocol",
    "6.0": "bad_format",
    "6.1": "bad_format",
    "6.6": "bad_format",
    "6.7": "bad_format",
    "7.2": "blocked_sender",
    "7.8": "not_authorized",
    "7.10": "tls",
    "7.11": "tls",
    "7.13": "mailbox_disabled",
    "7.17": "moved",
    "7.20": "auth_failed",
    "7.21": "auth_failed",
    "7.22": "auth_failed",
    "7.23": "auth_failed",
    "7.24": "auth_failed",
    "7.25": "reverse_dns",
    "7.26": "auth_failed",
    "7.27": "blocked_sender",
    "7.28": "rate",
    "7.29": "auth_failed",
    "7.30": "tls",
}
_CODES = {"530": "not_authorized", "535": "not_authorized"}
_OF_COMMAND = {  # to a connection and MAIL FROM nobody can speak of a recipient
    "rcpt": {"521": "no_mail", "551": "moved", "552": "mailbox_full", "553": "user_unknown", "556": "no_mail"},
    "data": {"552": "too_large"},
    "": {"521": "no_mail", "556": "no_mail"},
}
_PROTOCOL = ("500", "501", "502", "503", "504")
_SENDERS = ("1.7", "1.8", "7.27")
_SECURITY = "7."


def by_own_code(told: Said) -> str:
    """Return the reason by a code that says more than words do: Microsoft's long ones, or a provider's own; or ""."""
    exact = _LONG.get(told.status, "")
    if exact:
        return exact
    head, _, last = told.status.rpartition(".")
    if head == "5.7" and int(last) in _BANNED:
        return "blocked_ip"
    if head == "4.7" and int(last) in _LIMITED:
        return "blocked_ip" if "access denied" in told.words else "rate"
    found = _THEIRS.search(told.words)
    return _TABLES[found.lastgroup].get(found[found.lastgroup], "") if found and found.lastgroup else ""


def by_status(told: Said, status: str) -> str:
    """Return the reason by the enhanced status that the reply has, else by the one that the MTA gave it; or ""."""
    for one in (told.status, status):
        reason = _STATUS.get(one[2:], "")
        if reason:
            return "host_unknown" if one == "5.4.4" else reason
        if one[2:4] == _SECURITY:
            break
    return ""


def by_code(told: Said, status: str) -> str:
    """Return the reason by the code alone, or ""; beside a status x.7.x it tells nothing of the recipient."""
    if told.code.startswith(_PROTOCOL):
        return "protocol"
    of_command = {} if _SECURITY in {told.status[2:4], status[2:4]} else _OF_COMMAND.get(told.after, {})
    return of_command.get(told.code, "") or _CODES.get(told.code, "")


def of_sender(told: Said) -> bool:
    """Tell whether a reply is about the sender's address, by the command that it answers, its status or how it begins.

    Exim begins so of senders alone (smtp_handle_acl_fail of smtp_in.c); a recipient's callout has other words.
    """
    return told.after == "mail" or told.status[2:] in _SENDERS or told.words.startswith(" verification failed for ")
