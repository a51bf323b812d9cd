"""What the API of Google's Postmaster Tools answers, as types: version 2 (`DomainStat`), version 1 (`TrafficStats`)."""

import msgspec


class Date(msgspec.Struct):
    """A day."""

    year: int = 0
    month: int = 0
    day: int = 0


class _Texts(msgspec.Struct):
    values: tuple[str, ...] = ()


class Value(msgspec.Struct, rename="camel"):
    """A metric's value, in one of these; 64-bit numbers are written as text in Google's JSON."""

    double_value: float | None = None
    float_value: float | None = None
    int_value: int | str | None = None
    string_value: str = ""
    string_list: _Texts | None = None


class Stat(msgspec.Struct, rename="camel"):
    """One metric of one day; without a date it is of the whole time that was asked for."""

    name: str = ""
    metric: str = ""
    date: Date | None = None
    value: Value | None = None


class _Stats(msgspec.Struct, rename="camel"):
    domain_stats: tuple[Stat, ...] = ()


class _Result(msgspec.Struct):
    response: _Stats = msgspec.field(default_factory=_Stats)


class _Status(msgspec.Struct):
    status: str = ""


class _Row(msgspec.Struct):
    requirement: str = ""
    status: _Status = msgspec.field(default_factory=_Status)


class _Verdict(msgspec.Struct):
    status: _Status = msgspec.field(default_factory=_Status)


class Compliance(msgspec.Struct, rename="camel"):
    """Whether a domain does what Google asks of those who send much."""

    domain_id: str = ""
    row_data: tuple[_Row, ...] = ()
    one_click_unsubscribe_verdict: _Verdict = msgspec.field(default_factory=_Verdict)
    honor_unsubscribe_verdict: _Verdict = msgspec.field(default_factory=_Verdict)
    deliverability_status_verdict: _Verdict = msgspec.field(default_factory=_Verdict)


class _Error(msgspec.Struct, rename="camel"):
    error_class: str = ""
    error_type: str = ""
    error_ratio: float | None = None


class _Reputation(msgspec.Struct, rename="camel"):
    reputation: str = ""
    sample_ips: tuple[str, ...] = ()


class Traffic(msgspec.Struct, rename="camel"):
    """A domain's day in version 1."""

    name: str = ""
    user_reported_spam_ratio: float | None = None
    domain_reputation: str = ""
    ip_reputations: tuple[_Reputation, ...] = ()
    spf_success_ratio: float | None = None
    dkim_success_ratio: float | None = None
    dmarc_success_ratio: float | None = None
    inbound_encryption_ratio: float | None = None
    outbound_encryption_ratio: float | None = None
    delivery_errors: tuple[_Error, ...] = ()

    def rates(self) -> dict[str, float | None]:
        """Return its rates by the names that the events have for them; None is no data."""
        return {
            "spam_rate": self.user_reported_spam_ratio,
            "spf_success_rate": self.spf_success_ratio,
            "dkim_success_rate": self.dkim_success_ratio,
            "dmarc_success_rate": self.dmarc_success_ratio,
            "inbound_tls_rate": self.inbound_encryption_ratio,
            "outbound_tls_rate": self.outbound_encryption_ratio,
        }


class Answer(Traffic, rename="camel"):
    """Any answer: a day of version 1 by itself, or a list of them, or metrics of version 2, or a compliance status."""

    domain_stats: tuple[Stat, ...] = ()
    results: tuple[_Result, ...] = ()
    traffic_stats: tuple[Traffic, ...] = ()
    compliance_data: Compliance | None = None
    subdomain_compliance_data: Compliance | None = None
