"""The inputs: where lines and mails come from that lie in no log file and no Maildir; one file a kind."""

from typing import Annotated

from pydantic import Field

from schemas.inputs._base import Input, LineInput, MailInput
from schemas.inputs.files import FilesInput
from schemas.inputs.http import HttpInput
from schemas.inputs.imap import ImapInput
from schemas.inputs.journald import JournaldInput
from schemas.inputs.kafka import KafkaInput
from schemas.inputs.mbox import MboxInput
from schemas.inputs.smtp import SmtpInput
from schemas.inputs.stdin import StdinInput
from schemas.inputs.syslog import SyslogInput

AnyInput = Annotated[
    FilesInput | HttpInput | ImapInput | JournaldInput | KafkaInput | MboxInput | SmtpInput | StdinInput | SyslogInput,
    Field(discriminator="kind"),
]

__all__ = ["AnyInput", "Input", "LineInput", "MailInput"]
