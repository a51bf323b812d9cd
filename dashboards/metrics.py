"""What the pages count (docs/metrics.md)."""

from prometheus_client import Counter, Histogram

QUERIES = Histogram(
    "relaywarden_page_query_seconds", "How long ClickHouse took to answer a query of the pages.", ["query"]
)
FAILED = Counter("relaywarden_page_query_failures", "Queries of the pages without an answer.", ["query"])
