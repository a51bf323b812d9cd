"""The texts of gateways, small MTAs and mobile operators, a table: how each begins, names the recipient, and says why.

MailFoundry, MailMarshal, Mimecast, InterScan, IMail, SmarterMail, CommuniGate Pro, m-FILTER, Apache James, OpenSMTPD,
DragonFly Mail Agent, Verizon, KDDI, EZweb, fml, and some without a name. They have no manual of the form; the words are
those of mails that they sent.
"""

import re
from dataclasses import dataclass

from collectors import headers
from collectors.bounced import Failed, Told
from collectors.bouncemail import ADDRESS, BounceMail

_TO = rf"<?({ADDRESS})>?"
_REST = r"([^\n]{1,900}(?:\n[^\n]{1,900}){0,9})"
"""A paragraph: lines up to an empty one."""

_COMMAND = re.compile(r"^(?: +>>> |-{5,9}SMTP command\n)([A-Z]{4}(?: TO| FROM)?)", re.MULTILINE)


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class _Form:
    """A form: words that only it has; the first group of `to` is a recipient, of `why` what is said of it."""

    anchor: re.Pattern[str]
    to: re.Pattern[str]
    why: re.Pattern[str]
    reason: str = ""


def _form(anchor: str, to: str, why: str, reason: str = "") -> _Form:
    return _Form(_compiled(anchor), _compiled(to), _compiled(why), reason)


_FORMS = (
    _form(
        r"^Unable to deliver message to: <",
        rf"^Unable to deliver message to: {_TO}",
        rf"^Delivery failed for the following reason:\n+{_REST}",
    ),
    _form(
        r"^An email that you attempted to send to the following address could not be delivered:",
        rf"could not be delivered:\s{{1,9}}-- {_TO}",
        rf"^Additional information follows :\s{{1,9}}-- {_REST}",
    ),
    _form(r"^Sent <<< RCPT TO:", rf"^Sent <<< RCPT TO:{_TO}", r"^Received >>> ([^\n]{1,900})"),
    _form(
        r"^\*+ Message from InterScan", rf"^Reason: +Unable to deliver message to {_TO}", r"^Reason: +([^\n]{1,900})"
    ),
    _form(
        r"\A\s*delivery failed \d{1,3} attempts: ",
        rf"\A\s*delivery failed \d{{1,3}} attempts: {_TO}",
        r"\A\s*([^\n]{1,900})",
        "expired",
    ),
    _form(
        r"\A\s*(?:unknown user|unknown host|invalid final delivery userid|user mailbox exceeds allowed size"
        r"|delivery failed to): ",
        rf"\A\s*[a-z0-9 ]{{5,60}}: {_TO}",
        r"\A\s*([^\n]{1,900})",
    ),
    _form(
        r"^Could not be delivered because of$",
        rf"^ {{2,8}}{_TO}$",
        rf"^Could not be delivered because of\n+{_REST}",
    ),
    _form(
        r"^Could not deliver message to the following recipient\(s\):",
        rf"^ *Failed Recipient: {_TO}",
        rf"^ *Reason: {_REST}",
    ),
    _form(
        r"^Failed to deliver to '",
        rf"^Failed to deliver to '{_TO}'",
        rf"^[A-Z]{{3,8}} module\([^()\n]{{1,300}}\) reports:\n{_REST}",
    ),
    _form(r"^-{5,9}server message$", rf"^{_TO}$(?=\n+-{{5,9}}server message$)", rf"^-{{5,9}}server message\n{_REST}"),
    _form(r"^Error message below:$", rf"^ +RCPT TO: {_TO}", rf"^Error message below:\n{_REST}"),
    _form(
        r"^ *This is the MAILER-DAEMON, please DO NOT REPLY",
        rf"^{_TO}: ",
        rf"^{ADDRESS}: ([^\n]{{1,900}})",
    ),
    _form(
        r"^This is the DragonFly Mail Agent ",
        rf"^There was an error delivering your mail to {_TO}",
        rf"^There was an error delivering your mail to [^\n]{{1,400}}\n+{_REST}",
    ),
    _form(
        r"^The following recipients returned (?:permanent|temporary) errors: ",
        rf"errors: {_TO}\. Reason: ",
        r"\. Reason: ([^\n]{1,900})",
    ),
    _form(
        r"automatically generated Delivery Status Notification\.\s{1,200}Del[ie]very to the following recipients",
        rf"^ +\* {_TO}$",
        r"^(SMTP:[^\n]{1,900})",
    ),
    _form(r"^ +Could not be delivered to: <", rf"^ +Could not be delivered to: {_TO}", r"^ +(As their [^\n]{1,400})"),
    _form(r"^The user\(s\) account is ", rf"^{_TO}$", r"^(The user\(s\) account is [^\n]{1,200})"),
    _form(
        r"^The following recipients did not receive this message:$",
        rf"^{_TO}$",
        r"^(Your message was not delivered within[^\n]{1,400}(?:\n[^\n]{1,200})?)",
    ),
    _form(
        r"^Each of the following recipients was rejected by a remote\s{1,3}mail server\.\s{1,9}Recipient:",
        rf"^ +Recipient: {_TO}",
        r"^ +<<< ([^\n]{1,900})",
    ),
    _form(
        r"^Each of the following recipients was rejected by a remote\s{1,3}mail server\.",
        rf"^{_TO}$",
        r"^(Each of the following recipients was rejected)",
        "recipient_refused",
    ),
    _form(
        r"^NOTICE: Delivery Failure\.", rf"^Delivery failed: {_TO}", r"^Remote host said[^\n:]{0,40}: ([^\n]{1,900})"
    ),
    _form(r"^\|-+ Failed addresses follow: -+\|", rf"^ +{_TO} \.\.\. ", rf"^ +{ADDRESS} \.\.\. ([^\n]{{1,900}})"),
    _form(r"^Duplicated Message-ID in <", rf"^Duplicated Message-ID in {_TO}", r"^(Duplicated Message-ID)", "system"),
    _form(
        r"^Message could not be delivered to mobile\.",
        r"(?!)",
        r"^Error: ([^\n]{1,900})",
    ),
)


def read(bounce: BounceMail) -> Told | None:
    """Return what such a text tells, None for any other mail. ValueError where it names no recipient."""
    form = next((form for form in _FORMS if form.anchor.search(bounce.text)), None)
    if form is None:
        return None
    named, said = form.to.findall(bounce.text), [" ".join(why.split()) for why in form.why.findall(bounce.text)]
    if not named:
        named = [to for to in (headers.address(headers.first(bounce.returned, "To")),) if "@" in to]
    if not named:
        raise ValueError("a bounce of a gateway that names no recipient")
    each = said if len(said) == len(named) else [" ".join(said)] * len(named)
    command = _COMMAND.search(bounce.text)
    answered = command[1] if command else ""
    both = zip(named, each, strict=True)
    return Told(tuple(Failed(to, reply, reason=form.reason, command=answered) for to, reply in both))
