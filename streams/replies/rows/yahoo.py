"""Yahoo, AOL and those they serve: https://senders.yahooinc.com/smtp-error-codes."""

from streams.replies.row import Row

_SOURCE = "https://senders.yahooinc.com/smtp-error-codes"
_ZONE_MTA = "https://github.com/zone-eu/zone-mta/blob/master/config/bounces.txt"

ROWS = (
    Row(
        name="yahoo_bl_spamhaus",
        rank=0,
        kind="listed",
        named="spamhaus_zen",
        words=("[bl2", "[tss07]", "ip is in spamhaus"),
        pattern=r"(?:\[(?:BL2\d|TSS07)\] )?Connections (?:will )?not (?:be )?accepted from .{0,60}Spamhaus",
        sample="553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1, because the ip is in Spamhaus's "
        "list; see "
        "https://senders.yahooinc.com/smtp-error-codes#blocklist",
        source=_SOURCE,
    ),
    Row(
        name="yahoo_permanently_deferred",
        kind="reputation",
        words=("permanently deferred",),
        pattern=r"\[TSS?\d\d\] (?:All )?messages from \S{2,45} (?:will be )?permanently deferred",
        sample="421 4.7.1 [TS03] All messages from 192.0.2.1 will be permanently deferred; Retrying will NOT "
        "succeed. See "
        "https://help.yahoo.com/kb/postmaster/SLN3434.html",
        source="https://help.yahoo.com/kb/SLN3436.html",
    ),
    Row(
        name="yahoo_tss_complaints",
        kind="reputation",
        codes=("4",),
        words=("due to user complaints",),
        pattern=r"\[(?:IP)?TSS?\d\d\] Messages from \S{2,45} temporarily deferred due to user complaints",
        sample="421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints - 4.16.55.1; see "
        "https://help.yahoo.com/kb/postmaster/SLN3434.html",
        source="https://help.yahoo.com/kb/postmaster/SLN3434.html",
    ),
    Row(
        name="yahoo_tss_volume",
        kind="volume",
        codes=("4",),
        words=("[ts", "[ipts"),
        pattern=r"\[(?:IP)?TSS?\d\d\] Messages from \S{2,45} temporarily deferred",
        sample="421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user "
        "complaints - "
        "4.16.55.1; see https://postmaster.yahooinc.com/error-codes",
        source=_SOURCE,
    ),
    Row(
        name="yahoo_too_quickly",
        kind="volume",
        codes=("4",),
        words=("max message per connection", "[gl0", "too many concurrent"),
        pattern=r"(?:Max message per connection reached|\[GL0\d\]|Too many concurrent)",
        sample="421 Max message per connection reached, closing transmission channel",
        source="https://smtp.codes/yahoo",
    ),
    Row(
        name="yahoo_policy",
        kind="content",
        words=("not accepted for policy reasons", "[pm01]"),
        pattern=r"(?:Message|Email) not accepted for policy reasons",
        sample="554 5.7.9 Message not accepted for policy reasons.  See https://postmaster.yahooinc.com/error-codes",
        source=_SOURCE,
    ),
    Row(
        name="yahoo_no_account",
        kind="recipient",
        words=("this user doesn't have", "mailbox is disabled"),
        pattern=r".{0,60}(?:This user doesn't have an? |This mailbox is disabled)",
        sample="554 delivery error: dd This user doesn't have a yahoo.com account (user@yahoo.example) [0]",
        source="https://smtp.codes/yahoo",
    ),
    Row(
        name="yahoo_resources",
        kind="other",
        codes=("4",),
        words=("resources temporarily unavailable", "resources temporarily not available"),
        pattern=r".{0,60}Resources temporarily (?:un|not )available",
        sample="451 mta1.example.com Resources temporarily unavailable. Please try again later [#4.16.1].",
        source="https://smtp.codes/yahoo",
    ),
    Row(
        name="aol_blocked",
        kind="listed",
        words=("rtr:bl", "rtr:sc", "rly:bl", "con:b1"),
        pattern=r".{0,80}\(?(?:RTR:(?:SC|BL)|RLY:BL|CON:B1)\)?",
        sample="554 5.7.1 : (RTR:BL) https://postmaster.aol.com/error-codes#554rtrbl",
        source=_ZONE_MTA,
    ),
    Row(
        name="aol_rate",
        kind="volume",
        words=("dyn:t1", "dyn:t2", "rly:b1", "rly:b2"),
        pattern=r".{0,80}\(?(?:DYN:T\d|RLY:B[12])\)?",
        sample="421 4.7.1 : (DYN:T1) https://postmaster.aol.com/error-codes#421dynt1",
        source=_ZONE_MTA,
    ),
)
