use std::{sync::Arc, time::Duration};

use tokio::time::advance;
use tokio_util::sync::CancellationToken;

use super::{Health, MainLoop, report::Part, systemd::Reporter};
use crate::{
    config::Config,
    engine::{processor::OrderProcessor, pulse::Pulse, self_pause::Subject},
    random::Random,
};

const LIMIT: Duration = Duration::from_mins(1);
const DRAIN: Duration = Duration::from_secs(20);

/// A process that has just started, without a Redis.
struct Process {
    processor: Arc<OrderProcessor>,
    pulse: Pulse,
    stop: CancellationToken,
    health: Health,
}

impl Process {
    fn start() -> Self {
        let file =
            "[api]\nbase_url = 'http://127.0.0.1:1'\napp_id = 'demo'\napp_secret = 'hunter2'";
        let config = Config::from_text(file, []).unwrap();
        let agreement = config.agreement().unwrap();
        let processor = OrderProcessor::new(&config, agreement, Random::from_entropy()).unwrap();
        let (processor, stop) = (Arc::new(processor), CancellationToken::new());
        let pulse = Pulse::new(LIMIT);
        let main_loop = MainLoop {
            name: "poller",
            rounds: pulse.rounds(),
        };
        Self {
            health: Health::new(&processor, main_loop, stop.clone(), DRAIN),
            processor,
            pulse,
            stop,
        }
    }

    fn join(&self) {
        self.processor.contact.note_answer();
        self.health.note_joined();
    }

    /// The checks that fail.
    fn not_ready(&self) -> String {
        summary(&self.health.ready())
    }
}

fn summary(part: &Part) -> String {
    let summary = part.summary();
    assert_eq!(part.ok, summary == "ok");
    summary
}

#[tokio::test(start_paused = true)]
async fn process_is_ready_after_it_has_joined() {
    let process = Process::start();
    assert_eq!(
        process.not_ready(),
        "redis failed: no answer yet; start failed: the process has not joined the queue yet"
    );
    assert!(process.health.live().ok);
    process.join();
    assert_eq!(process.not_ready(), "ok");
}

#[tokio::test(start_paused = true)]
async fn only_what_readiness_means_ends_it() {
    let process = Process::start();
    process.join();
    let pauses = &process.processor.self_pause;
    for (subject, expected) in [
        (Subject::Terms, "configuration failed: why"),
        (Subject::Redis, "redis failed: why"),
        (Subject::Products, "ok"),
        (Subject::Link, "ok"),
    ] {
        pauses.set(subject, Some("why".into()));
        assert_eq!(process.not_ready(), expected, "{subject:?}");
        pauses.set(subject, None);
        assert_eq!(process.not_ready(), "ok", "{subject:?}");
    }
    process.stop.cancel();
    assert!(process.not_ready().starts_with("shutdown failed: "));
    assert!(process.health.live().ok);
}

#[tokio::test(start_paused = true)]
async fn only_the_poller_keeps_the_process_live() {
    let process = Process::start();
    process.join();
    advance(LIMIT + Duration::from_secs(1)).await;
    process.join();
    let live = process.health.live();
    assert!(summary(&live).starts_with("poller failed: no round for 61s"));
    assert_eq!(process.not_ready(), "ok");
    process.pulse.note_round();
    assert!(process.health.live().ok);
}

/// What a reporter says if systemd gets it.
fn sent(reporter: &mut Reporter) -> Vec<String> {
    let message = reporter.message();
    let lines = message.lines.clone();
    reporter.note_sent(message);
    lines
}

#[tokio::test(start_paused = true)]
async fn message_that_systemd_did_not_get_is_repeated() {
    let process = Process::start();
    process.join();
    let mut reporter = Reporter::new(process.health.clone(), false);
    for _ in 0..2 {
        assert_eq!(reporter.message().lines, ["READY=1", "STATUS=ready"]);
    }
    assert_eq!(sent(&mut reporter), ["READY=1", "STATUS=ready"]);
    process.stop.cancel();
    for _ in 0..2 {
        assert_eq!(reporter.message().lines[0], "STOPPING=1");
    }
    sent(&mut reporter);
    assert_eq!(sent(&mut reporter), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn systemd_learns_start_and_stop_once() {
    let process = Process::start();
    let mut reporter = Reporter::new(process.health.clone(), true);
    let lines = sent(&mut reporter);
    assert_eq!(lines[..2], ["EXTEND_TIMEOUT_USEC=30000000", "WATCHDOG=1"]);
    assert!(
        lines[2].starts_with("STATUS=not ready: redis failed: "),
        "{lines:?}"
    );
    process.join();
    assert_eq!(
        sent(&mut reporter),
        ["READY=1", "WATCHDOG=1", "STATUS=ready"]
    );
    assert_eq!(sent(&mut reporter), ["WATCHDOG=1"]);
    process.stop.cancel();
    let lines = sent(&mut reporter);
    assert_eq!(
        lines[..3],
        ["STOPPING=1", "EXTEND_TIMEOUT_USEC=30000000", "WATCHDOG=1"]
    );
    assert_eq!(sent(&mut reporter), ["WATCHDOG=1"]);
}

#[tokio::test(start_paused = true)]
async fn watchdog_starves_with_the_poller() {
    let process = Process::start();
    process.join();
    let mut reporter = Reporter::new(process.health.clone(), true);
    assert!(sent(&mut reporter).contains(&"WATCHDOG=1".into()));
    advance(LIMIT + Duration::from_secs(1)).await;
    process.join();
    let lines = sent(&mut reporter);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].starts_with("STATUS=not live: poller failed: "),
        "{lines:?}"
    );
    process.pulse.note_round();
    assert_eq!(sent(&mut reporter), ["WATCHDOG=1", "STATUS=ready"]);
    let mut without = Reporter::new(process.health.clone(), false);
    assert_eq!(sent(&mut without), ["READY=1", "STATUS=ready"]);
}

#[tokio::test(start_paused = true)]
async fn stuck_start_gets_no_more_time() {
    let process = Process::start();
    let mut reporter = Reporter::new(process.health.clone(), false);
    sent(&mut reporter);
    advance(LIMIT + Duration::from_secs(1)).await;
    let lines = sent(&mut reporter);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("STATUS=not live: "), "{lines:?}");
}
