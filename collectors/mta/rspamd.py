"""Rspamd 1.9 to 3: the line that sums up a task, in rspamd.log or through syslog, in the form that it comes with.

Manual: https://docs.rspamd.com/configuration/logging

Read from the left up to the score: behind it stand the symbols, whose options are strangers' text (subjects, URLs).
What is before it is Rspamd's own or cannot imitate a field: a Message-ID has no blanks there, an envelope's sender none
but in quotes. The level is that of the action that Rspamd rejects from; `action` tells of the lesser ones. Ignored by
decision: mails that an operator scans or teaches (`csession`), those that Rspamd was told to skip (`S`), those without
a score or a level (`[-1.20/nan]`: no action has one), lines without the task's id (`<8ae27d>; task; `), as a logger
of one's own may write them, and what stands behind the symbols (lengths, times, recipients, settings).
"""

import re

from collectors.addresses import ip_or_empty
from collectors.mta._filters import ADDRESS, queue_id_or_empty
from collectors.mta.records import Scored
from collectors.syslog import Clock, Line, split

_HEAD = re.compile(r"(?:#\d+\([^ ()]*\) )?<[^ <>]*>; ([a-z_]+); rspamd_task_write_log: ")
_TASK = re.compile(
    rf"id: <([^ ]*)>, ?(?:qid: <([^ <>]*)>, ?)?(?:ip: ([^ ,]*), ?)?(?:user: ([^<>]*?), ?)?(?:from: <({ADDRESS})>, ?)?"
    r" ?\([a-z]+: ([A-Z]) \(([a-z][^()]{0,40})\): \[(-?\d{1,7}\.\d{1,4}|-?nan)/(-?\d{1,7}\.\d{1,4}|-?nan)\] \["
)
_LONGEST_HEAD = 120
_LONGEST_ID = 1000


def parse(text: str, clock: Clock) -> Scored | None:
    """Return what a line says of a mail. ValueError where a task's line, or the line's header, cannot be read."""
    return scored(split(text, clock))


def scored(line: Line) -> Scored | None:
    """Return what a line of Rspamd says of a mail. ValueError where a task's cannot be read up to its score."""
    head = _HEAD.match(line.payload, 0, _LONGEST_HEAD)
    if head is None or head[1] == "csession":
        return None
    task = _TASK.match(line.payload, head.end())
    if task is None:
        raise ValueError("a task whose line cannot be read up to its score")
    message_id, queue_id, ip, user, sender, verdict, action, score, threshold = task.groups()
    if verdict == "S" or score.endswith("nan") or threshold.endswith("nan"):
        return None
    return Scored(
        line.at,
        "" if line.host[:1] in {"#", "["} else line.host,  # in rspamd.log the process stands where a host would
        "rspamd",
        float(score),
        float(threshold),
        action,
        queue_id_or_empty(queue_id),
        "" if message_id == "undef" else message_id[:_LONGEST_ID],
        ip_or_empty(ip) if ip else "",
        user or "",
        sender or "",
        sender is not None,
    )
