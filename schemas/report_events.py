"""What receivers report of mail in our name and from our IPs: DMARC, TLS-RPT, SNDS, Postmaster Tools.

They are facts for people, beside complaints: none counts for a score or a pool. The same rules hold as in
`schemas.events`, where they are part of the one union. `begin_at` and `end_at` are the time that is reported on. The
same report gives the same ids.
"""

from schemas.facts import Fact


class DmarcReported(Fact, frozen=True, kw_only=True):
    """A row of a DMARC aggregate report (RFC 7489, RFC 9990): mail of `domain` that a receiver got from `ip`.

    `dkim` and `spf` are "pass" where that passed *and* is aligned with the From; `disposition` is what was done with
    these `messages`, `policy` what the domain asked for, `overrides` why it was not done. `selectors` are of the
    signatures, in the order of `dkim_domains`.
    """

    reporter: str
    report_id: str
    domain: str
    begin_at: int
    end_at: int
    ip: str
    messages: int = 0
    disposition: str = ""
    dkim: str = ""
    spf: str = ""
    header_from: str = ""
    envelope_from: str = ""
    envelope_to: str = ""
    policy: str = ""
    dkim_domains: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()
    spf_domains: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    contact: str = ""


class TlsReported(Fact, frozen=True, kw_only=True):
    """Of a TLS report (RFC 8460) what became of one policy of `domain`, or (with a `result`) one sort of failure.

    The totals `successful` and `failed` are sessions and stand where `result` is ""; `sessions` are those of a result.
    `sending_ip` is the reporter's, the receiving host and IP are of the domain.
    """

    reporter: str
    report_id: str
    domain: str
    begin_at: int
    end_at: int
    policy: str = ""
    successful: int = 0
    failed: int = 0
    result: str = ""
    sessions: int = 0
    sending_ip: str = ""
    receiving_host: str = ""
    receiving_ip: str = ""
    detail: str = ""
    contact: str = ""


class SndsReported(Fact, frozen=True, kw_only=True):
    """What Microsoft's SNDS says of one of our IPs: a day's mail and its colour, or whether it is `blocked` now.

    `filter_result` is "GREEN" (less than 10 % spam), "YELLOW" or "RED" (more than 90 %); `complaint_rate` as told, such
    as "< 0.1%"; `blocked` is "yes", "no" or, of a day's mail, "".
    """

    ip: str
    begin_at: int = 0
    end_at: int = 0
    rcpt_commands: int = 0
    data_commands: int = 0
    messages: int = 0
    filter_result: str = ""
    complaint_rate: str = ""
    trap_hits: int = 0
    helo: str = ""
    envelope_from: str = ""
    comment: str = ""
    blocked: str = ""


class PostmasterReported(Fact, frozen=True, kw_only=True):
    """One metric of Google's Postmaster Tools of a domain and a day: a number in `value`, or words in `text`.

    `metric` is the name that the query gave it; `ip` is one of ours where the metric is about an IP (version 1).
    """

    domain: str
    metric: str
    begin_at: int = 0
    end_at: int = 0
    value: float = 0.0
    text: str = ""
    ip: str = ""


ReportEvent = DmarcReported | TlsReported | SndsReported | PostmasterReported
