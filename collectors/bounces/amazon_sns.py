"""Amazon SES's notifications of a bounce as JSON, which SNS sends by mail.

Ignored by decision: complaints and deliveries that come the same way.
Manual: https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
"""

import msgspec

from collectors.bounced import Failed, Told
from collectors.bouncemail import BounceMail, decoded

_BEGINNING = '{"notificationType":"Bounce"'


class _Recipient(msgspec.Struct, rename="camel"):
    email_address: str
    action: str = ""
    status: str = ""
    diagnostic_code: str = ""


class _Bounce(msgspec.Struct, rename="camel"):
    bounced_recipients: tuple[_Recipient, ...]
    bounce_type: str = ""
    reporting_mta: str = msgspec.field(name="reportingMTA", default="")


class _Notification(msgspec.Struct, rename="camel"):
    bounce: _Bounce


def read(bounce: BounceMail) -> Told | None:
    """Return what a notification tells, None for any other mail. ValueError where it cannot be read."""
    if not bounce.text.lstrip().startswith(_BEGINNING):
        return None
    text = decoded(bounce.mail).lstrip().partition("\n\n")[0]
    try:
        told = msgspec.json.decode(text.replace("!\n ", "").replace("\n", ""), type=_Notification).bounce
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"a notification of Amazon SES that cannot be read: {error}") from error
    temporary = told.bounce_type == "Transient"
    failed = tuple(_failed(each, temporary=temporary) for each in told.bounced_recipients)
    return Told(failed, told.reporting_mta.rpartition(";")[2].strip())


def _failed(each: _Recipient, *, temporary: bool) -> Failed:
    reply = each.diagnostic_code.removeprefix("smtp;").strip()
    delayed = temporary and each.action != "failed"
    return Failed(each.email_address, reply, each.status, "delayed" if delayed else "failed")
