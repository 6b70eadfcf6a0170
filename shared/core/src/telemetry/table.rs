//! The table. `docs/observability.md` shows the same, which a test holds it to.

use super::instrument::{About, Counter, Gauge, Histogram};

macro_rules! table {
    ($($figure:ident: $kind:ident $name:literal ($unit:literal) [$($label:literal),*] $tells:literal;)*) => {
        $(
            #[doc = $tells]
            pub static $figure: $kind<{ <[&str]>::len(&[$($label),*]) }> = $kind(About {
                name: $name,
                kind: $kind::<0>::KIND,
                unit: $unit,
                labels: &[$($label),*],
                tells: $tells,
            });
        )*
        /// All of them.
        pub static ALL: &[&About] = &[$(&$figure.0),*];
    };
}

table! {
    DELIVERIES: Counter "pointsman.deliveries" ("{delivery}") ["source", "result"]
        "What intake answered: accepted, duplicate, unavailable, or why it was refused";
    ROUTED: Counter "pointsman.routed" ("{delivery}") ["subscription"]
        "Deliveries that a subscription wanted";
    CONDITION_ERRORS: Counter "pointsman.condition.errors" ("{error}") ["subscription"]
        "Conditions (`when`) that could not be evaluated, which is no match";
    SERVED: Histogram "http.server.request.duration" ("s") ["http.request.method", "http.route", "http.response.status_code"]
        "Requests that were answered, from their first byte read to the answer";
    SENT: Counter "messaging.client.sent.messages" ("{message}") ["messaging.destination.name", "error.type"]
        "Messages sent to a queue; error.type says why one was not taken";
    SENDING: Histogram "messaging.client.operation.duration" ("s") ["messaging.operation.name", "messaging.destination.name", "error.type"]
        "Sends to a queue; on the embedded host a delivery's whole transaction";
    CIRCUIT_OPEN: Gauge "pointsman.circuit.open" ("1") ["queue"]
        "1 while the queue is skipped or probed";
    UNROUTED: Counter "pointsman.unrouted" ("{delivery}") ["queue"]
        "Deliveries kept for recover because the queue did not take them; each counts once";
    OUTCOMES: Counter "pointsman.outcomes" ("{event}") ["stage", "outcome"]
        "What a stage answered: done, skipped, retry, throttled, rejected, failed";
    PROCESSING: Histogram "messaging.process.duration" ("s") ["messaging.destination.name", "error.type"]
        "Runs of a queue's handler; error.type is the outcome where that is not done or skipped";
    DEAD_LETTERS: Counter "pointsman.dead_letters" ("{message}") ["queue", "reason"]
        "Messages that were dead-lettered";
    QUEUE_DEPTH: Gauge "pointsman.queue.depth" ("{message}") ["queue"]
        "Messages that wait";
    QUEUE_IN_FLIGHT: Gauge "pointsman.queue.in_flight" ("{message}") ["queue"]
        "Messages that are held by a consumer";
    QUEUE_DELAYED: Gauge "pointsman.queue.delayed" ("{message}") ["queue"]
        "Messages that wait for their time";
    QUEUE_DEAD: Gauge "pointsman.queue.dead" ("{message}") ["queue"]
        "Dead letters that lie there; of the queue erase: erasures that failed";
    QUEUE_HELD: Gauge "pointsman.queue.held" ("{session}") ["queue"]
        "Sessions that wait for a person";
    QUEUE_PAUSED: Gauge "pointsman.queue.paused" ("1") ["queue"]
        "1 while the queue is paused";
    QUEUE_OLDEST: Gauge "pointsman.queue.oldest" ("s") ["queue"]
        "How long the oldest message has waited";
    CALLS: Histogram "http.client.request.duration" ("s") ["http.request.method", "server.address", "http.response.status_code", "error.type"]
        "Requests that were sent, redirects and all; error.type says why there is no answer";
    GITHUB_REMAINING: Gauge "pointsman.github.remaining" ("{request}") ["resource"]
        "Requests that GitHub's hourly limit leaves, as last told; of several installations, of the last one asked";
    RECOVERED: Counter "pointsman.recovered" ("{delivery}") ["sweep", "result"]
        "What recover did; sweeps unrouted, stored, github";
    CURSOR_AGE: Gauge "pointsman.recover.cursor.age" ("s") ["source"]
        "How far back everything of a source is settled";
    UNROUTED_LEFT: Gauge "pointsman.unrouted.left" ("{delivery}") []
        "Deliveries that still lack a queue after the last run of recover";
    REPLAYED: Counter "pointsman.replayed" ("{message}") ["result"]
        "What replays did: sent, duplicate, failed, gone, unreadable";
    EXPIRED: Counter "pointsman.expired" ("{object}") ["what"]
        "Removed by retention: archive, rejected, dead_letters";
    RETENTION_FAILURES: Counter "pointsman.retention.failures" ("{sweep}") []
        "Sweeps of retention that did not get through";
    ERASED: Counter "pointsman.erased" ("{object}") ["what"]
        "Removed by the stage erase: archive, rejected, records, waiting, dead";
    PASSES: Counter "pointsman.release.passes" ("{pass}") ["result"]
        "Release branches that were looked at, by what was done";
    PUBLISHINGS: Counter "pointsman.release.publishings" ("{release}") ["result"]
        "Merged release pull requests that were looked at: released, skipped, told, failed";
    INVOCATIONS: Histogram "faas.invoke_duration" ("s") ["faas.trigger"]
        "Invocations of a cloud's function";
    COLD_STARTS: Counter "faas.coldstarts" ("{coldstart}") ["faas.trigger"]
        "Invocations that were the first of their process";
    FAULTS: Counter "faas.errors" ("{error}") ["faas.trigger"]
        "Invocations that failed";
}
