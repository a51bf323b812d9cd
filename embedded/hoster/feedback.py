"""Feedback reports (RFC 5965) as mailbox providers send them about mails of ours."""

from collections.abc import Iterator
from random import Random

from embedded.hoster.activity import MINUTE, SECOND, Mail, Recipient
from embedded.hoster.lines import date_of_mail
from embedded.hoster.postfix import Sent
from embedded.hoster.rhythm import log_normal

_SILENT = ("gmail.com", "icloud.com")


def complaints(sent: Sent, rng: Random) -> Iterator[tuple[int, Recipient]]:
    """Yield who of those reached complains, and when: minutes to days later. Not every provider tells."""
    chance = sent.mail.complaints
    if not chance:
        return
    for recipient in sent.reached:
        if rng.random() < chance and not recipient.address.endswith(_SILENT):
            delay = log_normal(rng, 180, 6, 2, 7 * 24 * 60) * MINUTE
            yield sent.mail.at + int(delay), recipient


def report(sent: Sent, recipient: Recipient, outbound_ip: str, at: int) -> bytes:
    """Return a feedback report about a mail of ours."""
    arrived = date_of_mail(sent.mail.at + SECOND)
    boundary = f"report-{sent.queue_id}"
    text = f"""From: <feedback@provider.example>
Date: {date_of_mail(at)}
Subject: FW: Great offer
To: <abuse@hoster.example>
Message-ID: <{sent.queue_id}.{at}.fbl@provider.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="{boundary}"

--{boundary}
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report for a message received from IP {outbound_ip} on {arrived}.

--{boundary}
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: ProviderFBL/1.0
Version: 1
Original-Mail-From: <{sent.envelope_from}>
Original-Rcpt-To: <{recipient.address}>
Arrival-Date: {arrived}
Source-IP: {outbound_ip}

--{boundary}
Content-Type: message/rfc822

{_original(sent, recipient, outbound_ip, arrived)}
--{boundary}--
"""
    return text.replace("\n", "\r\n").encode()


def _original(sent: Sent, recipient: Recipient, outbound_ip: str, arrived: str) -> str:
    """Return the mail that was complained of, as it reached the provider."""
    return f"""Received: from mx1.hoster.example (mx1.hoster.example [{outbound_ip}])
	by mx.provider.example with ESMTPS; {arrived}
Received: {_taken_in(sent.mail)} id {sent.queue_id}; {arrived}
From: <{sent.envelope_from or sent.mail.mailbox}>
To: <{recipient.address}>
Subject: Great offer
Message-ID: <{sent.message_id}>
Date: {arrived}

Buy now.
"""


def _taken_in(mail: Mail) -> str:
    """Return what our server wrote about the client; only a login is told as one."""
    if mail.way == "pickup":
        return "by mx1.hoster.example (Postfix, from userid 5000)"
    client = f"from pc.local (unknown [{'IPv6:' if ':' in mail.client_ip else ''}{mail.client_ip}])\n\t"
    login = f"(Authenticated sender: {mail.mailbox})\n\t" if mail.way in {"submission", "smtps"} else ""
    return f"{client}{login}by mx1.hoster.example (Postfix) with ESMTP{'SA' if login else ''}"
