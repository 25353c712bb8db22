"""What operations see: structured logs on stderr and Prometheus metrics at `/metrics`."""

import logging
import sys

import structlog
from prometheus_client import Counter, Gauge, Histogram

_LATENCY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SIZE_BUCKETS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000)

REQUESTS = Histogram(
    "zaiko_http_request_seconds",
    "Time to answer a request",
    ["service", "method", "route", "status"],
    buckets=_LATENCY_BUCKETS_S,
)
BATCH_SIZE = Histogram("zaiko_batch_size", "Requests decided in one transaction", ["batch"], buckets=_SIZE_BUCKETS)
WAITING = Gauge("zaiko_batch_waiting", "Requests waiting for their batch", ["batch"])
RELAYED = Counter("zaiko_relayed_events_total", "Events published from the outbox", ["service"])
CONSUMED = Counter("zaiko_consumed_events_total", "Events applied from the bus", ["consumer"])
CONSUMER_RETRIES = Counter("zaiko_consumer_retries_total", "Batches tried again after a fault", ["consumer"])
DEAD_LETTERED = Counter("zaiko_dead_letters_total", "Events put aside with their reason", ["topic", "code"])
WEBHOOK_ATTEMPTS = Counter("zaiko_webhook_attempts_total", "Attempts to tell a webhook", ["state"])
STREAM_CLIENTS = Gauge("zaiko_stream_clients", "Open server-sent event streams")
TILLS = Gauge("zaiko_tills", "Tills that were ever heard of")
TILLS_SILENT = Gauge("zaiko_tills_silent", "Tills that have not been heard of for longer than the limit")
TILLS_WITH_GAP = Gauge("zaiko_tills_with_gap", "Sources that miss sequence numbers for longer than the limit")
TILL_MISSING_EVENTS = Gauge("zaiko_till_missing_events", "Sequence numbers that are missing, of all tills")
TILL_LAG = Gauge("zaiko_till_lag_seconds", "The largest lag of a till: how old its newest event was when it was heard")
TILL_CLOCK_SKEW = Gauge("zaiko_till_clock_skew_seconds", "How far the worst till's clock is ahead or behind")
TILL_REUSED_SEQUENCES = Counter(
    "zaiko_till_reused_sequences_total", "New events that came with a sequence number that had been used"
)


def configure_logging(level: str = "INFO") -> None:
    """One JSON object a line on stderr, so that stdout stays for what a person or a script reads."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s %(levelname)s %(message)s")
