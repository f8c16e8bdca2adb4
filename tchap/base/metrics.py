"""What is counted, in Prometheus' words. One registry per World, so that two servers in one process do not mix."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """Counters are cheap enough for the hot road; nothing here names a person or a room."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.answers = Counter("tchap_http_answers", "Answers given", ["method", "status"], registry=self.registry)
        self.events = Counter("tchap_events_appended", "Events appended to rooms", registry=self.registry)
        self.mails = Counter("tchap_mails", "E-mails by outcome", ["outcome"], registry=self.registry)
        self.reports = Counter("tchap_reports", "Reports by kind", ["kind"], registry=self.registry)
        self.pushes = Counter(
            "tchap_pushes", "Notifications by kind of pusher and outcome", ["kind", "outcome"], registry=self.registry
        )
        self.scans = Counter("tchap_scans", "Files scanned by outcome", ["outcome"], registry=self.registry)
        self.long_polls = Gauge("tchap_long_polls", "Syncs waiting for news", registry=self.registry)
        self.commit_seconds = Histogram(
            "tchap_commit_seconds",
            "Time from append to durable commit",
            buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2),
            registry=self.registry,
        )

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)
