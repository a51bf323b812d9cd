"""What the collectors count (docs/metrics.md)."""

from prometheus_client import Counter, Gauge

PUBLISHED = Counter("relaywarden_published_events", "Events handed to Kafka, read anew after a crash too.", ["topic"])
LINES = Counter("relaywarden_lines_read", "Lines read from a log.", ["log"])
BEHIND = Gauge("relaywarden_log_behind_bytes", "Bytes of a log that are there and not read yet.", ["log"])
READ_UNTIL = Gauge(
    "relaywarden_log_time_seconds", "The time of the newest line read from a log, Unix seconds.", ["log"]
)
UNREADABLE = Gauge("relaywarden_log_unreadable", "1 while a log cannot be read.", ["log"])
ANSWERS = Counter(
    "relaywarden_list_answers", "Answers of a DNSBL about an IP: listed, not_listed or unknown.", ["list", "answer"]
)
VOTES = Gauge(
    "relaywarden_list_healthy", "1 while a DNSBL answers its test points as it must, so that it has a vote.", ["list"]
)
