"""The metrics of this process for /metrics. Every process has its own values; Prometheus adds them up.

Label values come from closed sets (routes, statuses, outcomes), never from user input.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

# The creation time of every labelled series would double the size of the page.
disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

TURNS_STARTED = Counter("parley_turns_started", "Turns that this process claimed.", registry=REGISTRY)
TURNS_FINISHED = Counter(
    "parley_turns_finished", "Turns that this process ended, by status.", ["status"], registry=REGISTRY
)
TURNS_ACTIVE = Gauge("parley_turns_active", "Turns that this process is running now.", registry=REGISTRY)
VIEWERS = Gauge("parley_viewers", "Sockets and event streams that watch turns here now.", registry=REGISTRY)

UPSTREAM_ATTEMPTS = Counter(
    "parley_upstream_attempts",
    "API calls that were sent, by outcome: succeeded, or the kind of failure.",
    ["outcome"],
    registry=REGISTRY,
)
FIRST_BYTE_SECONDS = Histogram(
    "parley_upstream_first_byte_seconds",
    "From sending an API call to the first event of its answer.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120),
    registry=REGISTRY,
)

DELTAS = Counter("parley_deltas", "Deltas that were read from upstreams.", registry=REGISTRY)
FLUSH_SECONDS = Histogram(
    "parley_flush_seconds",
    "How long writing one batch of events of all turns took.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 5),
    registry=REGISTRY,
)
FLUSHED_EVENTS = Counter(
    "parley_flushed_events", "Events that were written to the database.", registry=REGISTRY
)

HTTP_REQUESTS = Counter(
    "parley_http_requests", "Requests that were answered.", ["method", "route", "status"], registry=REGISTRY
)
HTTP_SECONDS = Histogram(
    "parley_http_seconds",
    "From a request's arrival to its response; a stream counts until it begins.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
    registry=REGISTRY,
)
