"""What the worker, the sink, the hooks and the desk count (docs/metrics.md)."""

from prometheus_client import Counter, Gauge, Histogram

from schemas.events import Event

FOLDED = Counter(
    "relaywarden_folded_records", "Kafka records that were folded, and all that follows written.", ["topic"]
)
WRITTEN = Counter("relaywarden_written_records", "Kafka records written: decisions, states, counts.", ["topic"])
LAG = Gauge("relaywarden_lag_records", "Kafka records of a topic that are there and not done yet.", ["topic"])
IPS = Gauge("relaywarden_pool_ips", "IPs of a pool by state.", ["pool", "state"])
ACTIVE = Gauge(
    "relaywarden_pool_active_ratio", "The share of a pool's IPs that carry mail, probation by its weight.", ["pool"]
)

STORED = Counter("relaywarden_stored_rows", "Rows inserted into a table of ClickHouse.", ["table"])
REFUSED = Counter("relaywarden_refused_rows", "Rows that ClickHouse could not read: dead letters.", ["table"])
INSERTS = Histogram(
    "relaywarden_insert_seconds",
    "How long an insert into ClickHouse took.",
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30),
)

HOOK_RUNS = Counter("relaywarden_hook_runs", "Times a hook tried to bring its set in force.", ["hook", "outcome"])
HOOK_DRIFTS = Counter(
    "relaywarden_hook_drifts", "Times what a hook had brought in force was found otherwise.", ["hook"]
)
HOOK_FAILING = Gauge("relaywarden_hook_failing", "1 while what a hook shall bring in force is not.", ["hook"])

_DECIDED = Counter(
    "relaywarden_desk_events",
    "Events of the desk that the broker took; of letters and reports with what became of them.",
    ["type", "status"],
)


def written(event: Event) -> None:
    """Count an event of the desk, once it is acknowledged."""
    _DECIDED.labels(str(event.__struct_config__.tag), getattr(event, "status", "")).inc()
