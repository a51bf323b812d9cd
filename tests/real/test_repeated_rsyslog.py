"""rsyslogd with $RepeatedMsgReduction, as Ubuntu has it: what it leaves out of the file are events nevertheless."""

from pathlib import Path

import pytest

from schemas.events import MailboxAuthenticated, MessageRejected
from tests.real.test_syslog_senders import sending
from tests.syslog_lab import events_of
from tests.waits import until

pytestmark = pytest.mark.real

FAILED = "warning: unknown[203.0.113.66]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=bob@example.net"
REFUSED = (
    "NOQUEUE: reject: RCPT from unknown[203.0.113.66]: 554 5.7.1 <bob@example.com>: Relay access denied;"
    " from=<eve@example.org> to=<bob@example.com> proto=ESMTP helo=<x>"
)
END = "disconnect from unknown[203.0.113.66]"


@pytest.mark.parametrize(
    "form", ["RSYSLOG_FileFormat", "RSYSLOG_TraditionalFileFormat", "RSYSLOG_SyslogProtocol23Format"]
)
def test_each_line_that_came_again_is_told(tmp_path: Path, form: str) -> None:
    file = tmp_path / "mail.log"
    rules = f'$RepeatedMsgReduction on\nmail.* action(type="omfile" file="{file}" template="{form}")\n'
    texts = [FAILED] * 10 + [REFUSED] * 4 + [FAILED] + [FAILED + "x" * 900] * 3 + [END]
    with sending(tmp_path / "rsyslog", rules, 'parser.permitSlashInProgramName="on"') as local:
        for number, text in enumerate(texts):
            local.send(f"<22>Nov 21 14:02:{number:02} postfix/smtpd[915]: {text}".encode())
        until(lambda: file.exists() and END in file.read_text(), "the last line")
    lines = file.read_bytes().splitlines()
    assert len(lines) == 8
    events = events_of(lines)
    logins = [event for event in events if isinstance(event, MailboxAuthenticated)]
    assert sum(max(1, event.attempts) for event in logins) == 14
    assert len([event for event in events if isinstance(event, MessageRejected)]) == 4
    assert len(events) == len(logins) + 4
