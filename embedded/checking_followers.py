"""What `relaywarden check` finds about the queue's programs and all mails: of suspensions, of sunsets, and reports."""

import os
import shutil
from collections.abc import Iterator

from schemas.names import domain_of
from schemas.settings import Settings
from streams import letter_files, report_files
from streams.notice_desk import faults

_PROGRAMS = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
_QUEUE = "mailboxes.hooks.postfix_queue"
_MAIL = "mailboxes.hooks.customer_mail"


def followers(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each thing that would not work."""
    queue, mail = settings.mailboxes.hooks.postfix_queue, settings.mailboxes.hooks.customer_mail
    if queue is not None:
        for program in ("postqueue", "postcat", "postsuper"):
            if not shutil.which(program, path=_PROGRAMS):
                yield f"{_QUEUE}: no program {program!r}"
        if queue.config is not None and not (queue.config / "main.cf").is_file():
            yield f"{_QUEUE}.config: {queue.config} has no main.cf"
    if mail is not None:
        for wrong in faults(mail):
            place = f"{_MAIL}.templates"
            yield f"{place}: {wrong.removeprefix(f'{place}: ')}"
    yield from letter_files.faults(settings)
    yield from report_files.faults(settings)


def odd(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each thing that works, but hardly as it was meant."""
    yield from report_files.addressless(settings)
    mail = settings.mailboxes.hooks.customer_mail
    if mail is None:
        return
    for name, customer in settings.customers.items():
        contact = customer.contact.lower()
        if not contact:
            continue
        own = contact in customer.mailboxes or domain_of(contact) in customer.mailboxes
        if own and not (mail.fallback or mail.desk):
            yield (
                f"customers.{name}.contact: {customer.contact} is a mailbox of this customer: if it is taken over,"
                f" nobody is told ({_MAIL}.fallback and desk are empty)"
            )
    if mail.user and mail.security == "none" and mail.host not in {"127.0.0.1", "::1", "localhost"}:
        yield f"{_MAIL}.security: none: the password of {mail.user} goes to {mail.host} in clear"
