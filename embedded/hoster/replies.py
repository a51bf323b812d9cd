"""What the servers of the mailbox providers say, and whose servers they are: in the words that their postmasters know.

A reply is the DSN, Postfix's status and the text in brackets; Postfix takes the DSN from the reply's code where the
server gives none (gmx.net, web.de, yahoo.com), so an unknown user is not 5.1.1 everywhere.
"""

from typing import Literal, NamedTuple

from embedded.hoster.rhythm import noise

Said = Literal[
    "sent", "unknown_user", "no_domain", "greylisted", "mailbox_full", "refused", "throttled", "listed", "timeout"
]
FINAL = frozenset({"sent", "unknown_user", "no_domain", "refused", "listed"})


class Reply(NamedTuple):
    """A server's answer as Postfix logs it."""

    dsn: str
    status: Literal["sent", "bounced", "deferred"]
    text: str


class Provider(NamedTuple):
    """Who serves a domain: the servers' name and address, and how they talk."""

    mx: str
    ip: str
    replies: dict[Said, Reply]


_RCPT = "(in reply to RCPT TO command))"
_DATA = "(in reply to end of DATA command))"


def _bounced(dsn: str, text: str, where: str = _RCPT) -> Reply:
    return Reply(dsn, "bounced", f"(host {{mx}}[{{ip}}] said: {text} {where}")


def _deferred(dsn: str, text: str, where: str = _RCPT) -> Reply:
    return Reply(dsn, "deferred", f"(host {{mx}}[{{ip}}] said: {text} {where}")


_ANY: dict[Said, Reply] = {
    "sent": Reply("2.0.0", "sent", "(250 2.0.0 Ok: queued as {token})"),
    "unknown_user": _bounced(
        "5.1.1", "550 5.1.1 <{to}>: Recipient address rejected: User unknown in virtual mailbox table"
    ),
    "no_domain": Reply(
        "5.4.4",
        "bounced",
        "(Host or domain name not found. Name service error for name={domain} type=A: Host not found)",
    ),
    "greylisted": _deferred(
        "4.2.0",
        "450 4.2.0 <{to}>: Recipient address rejected: Greylisted, see "
        "http://postgrey.schweikert.ch/help/{domain}.html",
    ),
    "mailbox_full": _deferred("4.2.2", "452 4.2.2 <{to}>: Mailbox full, quota exceeded"),
    "refused": _bounced("5.7.1", "550 5.7.1 Message rejected as spam by Content Filtering.", _DATA),
    "throttled": _deferred("4.7.1", "451 4.7.1 <{to}>: Recipient address rejected: too many mails, try again later"),
    "listed": _bounced(
        "5.7.1",
        "554 5.7.1 Service unavailable; Client host [{out}] blocked using zen.spamhaus.org; "
        "https://www.spamhaus.org/query/ip/{out}",
    ),
    "timeout": Reply("4.4.1", "deferred", "(connect to {mx}[{ip}]:25: Connection timed out)"),
}
_GOOGLE = _ANY | {
    "sent": Reply("2.0.0", "sent", "(250 2.0.0 OK  {token} - gsmtp)"),
    "unknown_user": _bounced(
        "5.1.1",
        "550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1 double-checking the "
        "recipient's email address for typos or 550-5.1.1 unnecessary spaces. Learn more at 550 5.1.1  "
        "https://support.google.com/mail/?p=NoSuchUser {token} - gsmtp",
    ),
    "mailbox_full": _deferred(
        "4.2.2",
        "452-4.2.2 The recipient's inbox is out of storage space. Please direct the 452-4.2.2 recipient to 452 4.2.2 "
        " https://support.google.com/mail/?p=OverQuotaTemp {token} - gsmtp",
    ),
    "refused": _bounced(
        "5.7.1",
        "550-5.7.1 [{out}      18] Gmail has detected that this message is likely 550-5.7.1 unsolicited mail. To "
        "reduce the amount of spam sent to Gmail, 550-5.7.1 this message has been blocked. For more information, go to "
        "550 5.7.1  https://support.google.com/mail/?p=UnsolicitedMessageError {token} - gsmtp",
        _DATA,
    ),
    "throttled": _deferred(
        "4.7.28",
        "421-4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address. To "
        "protect our users from spam, mail sent from your IP address has been temporarily rate limited. "
        "{token} - gsmtp",
        _DATA,
    ),
}
_OUTLOOK = _ANY | {
    "sent": Reply(
        "2.6.0",
        "sent",
        "(250 2.6.0 <{token}@{mx}> [InternalId=3470333583, Hostname=AM6PR10MB.namprd10.prod.outlook.com] 13220 bytes "
        "in 0.128, 100.335 KB/sec Queued mail for delivery -> 250 2.1.5)",
    ),
    "unknown_user": _bounced(
        "5.5.0",
        "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302). [{token}.eop-eur.prod.outlook.com]",
    ),
    "mailbox_full": _deferred("4.2.2", "452 4.2.2 The email account that you tried to reach is over quota."),
    "refused": _bounced(
        "5.7.1", "550 5.7.1 Message rejected due to content restrictions [{token}.prod.protection.outlook.com]", _DATA
    ),
    "throttled": _deferred(
        "4.7.650",
        "451 4.7.650 The mail server [{out}] has been temporarily rate limited due to IP reputation. For e-mail "
        "delivery information, see https://postmaster.live.com (S775)",
        "(in reply to MAIL FROM command))",
    ),
    "listed": _bounced(
        "5.7.1",
        "550 5.7.1 Unfortunately, messages from [{out}] weren't sent. Please contact your Internet service provider "
        "since part of their network is on our block list (S3140). You can also refer your provider to "
        "http://mail.live.com/mail/troubleshooting.aspx#errors.",
        "(in reply to MAIL FROM command))",
    ),
}
_YAHOO = _ANY | {
    "sent": Reply("2.0.0", "sent", "(250 ok dirdel)"),
    "unknown_user": _bounced(
        "5.0.0", "554 delivery error: dd This user doesn't have a {domain} account ({to}) [0]", _DATA
    ),
    "refused": _bounced(
        "5.7.9",
        "554 5.7.9 Message not accepted for policy reasons.  See https://postmaster.yahooinc.com/error-codes",
        _DATA,
    ),
    "throttled": _deferred(
        "4.7.0",
        "421 4.7.0 [TSS04] Messages from {out} temporarily deferred due to unexpected volume or user complaints - "
        "4.16.55.1; see https://postmaster.yahooinc.com/error-codes",
        "(in reply to MAIL FROM command))",
    ),
    "listed": _bounced(
        "5.7.1",
        "553 5.7.1 [BL21] Connections will not be accepted from {out}, because the ip is in Spamhaus's list",
        "(in reply to MAIL FROM command))",
    ),
}
_GMX = _ANY | {
    "sent": Reply("2.0.0", "sent", "(250 Requested mail action okay, completed: id={token})"),
    "unknown_user": _bounced("5.0.0", "550 Requested action not taken: mailbox unavailable"),
    "refused": _bounced(
        "5.0.0",
        "554-Transaction failed 554-Reject due to policy restrictions. 554 For explanation visit "
        "https://postmaster.gmx.net/en/case?c=hi&i=ip&v={out}&r={token}",
        _DATA,
    ),
    "throttled": _deferred("4.0.0", "421 Rate limit exceeded; see https://postmaster.gmx.net/en/case?v={out}"),
}
_TELEKOM = _ANY | {
    "sent": Reply("2.0.0", "sent", "(250 2.0.0 {token} Message accepted.)"),
    "unknown_user": _bounced("5.1.1", "550 5.1.1 user unknown"),
    "refused": _bounced("5.7.0", "550 5.7.0 Message considered spam.", _DATA),
    "listed": _bounced(
        "5.7.0",
        "554 IP={out} - A problem occurred. (Ask your postmaster for help or to contact tosa@rx.t-online.de to "
        "clarify.)",
        "(in reply to EHLO command))",
    ),
}
_APPLE = _ANY | {
    "unknown_user": _bounced("5.1.1", "550 5.1.1 <{to}>: user does not exist"),
    "refused": _bounced("5.7.1", "550 5.7.1 [CS01] Message rejected due to local policy.", _DATA),
}
_EXCHANGE = _OUTLOOK | {
    "unknown_user": _bounced(
        "5.4.1",
        "550 5.4.1 Recipient address rejected: Access denied. [{token}.prod.protection.outlook.com]",
    )
}
_KNOWN: dict[str, tuple[str, dict[Said, Reply]]] = {
    "gmail.com": ("gmail-smtp-in.l.google.com", _GOOGLE),
    "outlook.com": ("outlook-com.olc.protection.outlook.com", _OUTLOOK),
    "hotmail.com": ("hotmail-com.olc.protection.outlook.com", _OUTLOOK),
    "gmx.net": ("mx01.gmx.net", _GMX),
    "gmx.de": ("mx00.gmx.net", _GMX),
    "web.de": ("mx-ha02.web.de", _GMX),
    "yahoo.com": ("mta6.am0.yahoodns.net", _YAHOO),
    "aol.com": ("mx-aol.mail.gm0.yahoodns.net", _YAHOO),
    "t-online.de": ("mx00.t-online.de", _TELEKOM),
    "bluewin.ch": ("mxbw.bluewin.ch", _ANY),
    "icloud.com": ("mx01.mail.icloud.com", _APPLE),
    "comcast.net": ("mx1.comcast.net", _ANY),
}
_providers: dict[str, Provider] = {}
_MOST = 20_000


def provider(domain: str) -> Provider:
    """Return who serves a domain."""
    found = _providers.get(domain)
    if found is None:
        if len(_providers) > _MOST:
            _providers.clear()
        found = _providers[domain] = _look_up(domain)
    return found


def _look_up(domain: str) -> Provider:
    draw = noise(*domain.encode())
    mx, replies = _KNOWN.get(domain, ("", _ANY))
    if not mx:
        mx, replies = f"mx{draw % 3}.{domain}", _ANY
        if draw % 10 < 3:
            mx, replies = f"{domain.replace('.', '-')}.mail.protection.outlook.com", _EXCHANGE
        elif draw % 10 < 5:
            mx, replies = "aspmx.l.google.com", _GOOGLE
    return Provider(mx, f"{'203.0.113' if draw & 1 else '198.51.100'}.{1 + (draw >> 1) % 254}", replies)


def greylists(domain: str) -> bool:
    """Tell whether a domain's server turns a mail away that it sees for the first time."""
    return domain not in _KNOWN and noise(*domain.encode(), 3) % 100 < 14
