//! Tells systemd that the process is ready, that it lives and that it stops. `sd_notify(3)` describes the messages.

use std::{env, io, time::Duration};

use sd_notify::NotifyState;
use tokio::{
    sync::watch,
    task::spawn_blocking,
    time::{sleep, timeout},
};
use tracing::warn;

use super::Health;

/// The longest time between two messages.
const INTERVAL: Duration = Duration::from_secs(5);
/// The shortest: a watchdog cannot demand more.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);
/// For so long a start may go on after a message. It may wait for Redis for any time.
const START_EXTENSION: Duration = Duration::from_secs(30);
/// What a shutdown may take besides the drain.
const SHUTDOWN_MARGIN: Duration = Duration::from_secs(10);

/// The longest time that the end of the process waits for the last message.
const LAST_MESSAGE_LIMIT: Duration = Duration::from_secs(1);

/// The reports of this process to systemd.
pub(crate) struct Reports {
    /// Whether systemd knows that the process stops.
    stopping: Option<watch::Receiver<bool>>,
}

impl Reports {
    /// Reports from now on, if systemd has started this process and waits for reports.
    pub(crate) fn start(health: &Health) -> Self {
        if env::var_os("NOTIFY_SOCKET").is_none() {
            return Self { stopping: None };
        }
        let watchdog = sd_notify::watchdog_enabled().filter(|time| !time.is_zero());
        let (sender, stopping) = watch::channel(false);
        let reporter = Reporter::new(health.clone(), watchdog.is_some());
        tokio::spawn(reporter.run(interval(watchdog), sender));
        Self {
            stopping: Some(stopping),
        }
    }

    /// Waits until systemd knows that the process stops on request.
    pub(crate) async fn finish(self) {
        if let Some(mut stopping) = self.stopping {
            let _ = timeout(LAST_MESSAGE_LIMIT, stopping.wait_for(|known| *known)).await;
        }
    }
}

/// The watchdog expects a message in each `watchdog`.
fn interval(watchdog: Option<Duration>) -> Duration {
    let interval = watchdog.map_or(INTERVAL, |watchdog| watchdog / 3);
    interval.clamp(SHORTEST_INTERVAL, INTERVAL)
}

pub(super) struct Reporter {
    health: Health,
    has_watchdog: bool,
    known: Known,
}

/// What was sent to systemd.
#[derive(Clone, Default)]
pub(super) struct Known {
    is_ready: bool,
    is_stopping: bool,
    status: String,
}

/// A message.
pub(super) struct Message {
    pub(super) lines: Vec<String>,
    /// What systemd knows if it gets the message.
    then: Known,
}

impl Reporter {
    pub(super) fn new(health: Health, has_watchdog: bool) -> Self {
        Self {
            health,
            has_watchdog,
            known: Known::default(),
        }
    }

    async fn run(mut self, interval: Duration, stopping: watch::Sender<bool>) {
        let mut joined = self.health.0.has_joined.subscribe();
        let mut has_failed = false;
        loop {
            let message = self.message();
            match send(message.lines.clone()).await {
                Ok(()) => {
                    self.note_sent(message);
                    has_failed = false;
                }
                Err(error) if !std::mem::replace(&mut has_failed, true) => {
                    warn!(%error, "cannot report to systemd, and tries again; check NOTIFY_SOCKET and NotifyAccess of the unit");
                }
                Err(_) => {}
            }
            if self.known.is_stopping {
                stopping.send_replace(true);
            }
            tokio::select! {
                _ = joined.wait_for(|joined| *joined), if !self.health.has_joined() && !self.health.is_draining() => {}
                () = self.health.0.stop.cancelled(), if !self.health.is_draining() => {}
                () = sleep(interval) => {}
            }
        }
    }

    /// What there is to say now: what systemd does not know yet, and signs of life.
    pub(super) fn message(&self) -> Message {
        let (mut states, mut then) = (Vec::new(), self.known.clone());
        let is_live = self.health.live().ok;
        if self.health.is_draining() {
            if !std::mem::replace(&mut then.is_stopping, true) {
                states.push(NotifyState::Stopping);
                states.push(extension(self.health.0.drain + SHUTDOWN_MARGIN));
            }
        } else if self.health.has_joined() {
            if !std::mem::replace(&mut then.is_ready, true) {
                states.push(NotifyState::Ready);
            }
        } else if is_live {
            states.push(extension(START_EXTENSION));
        }
        if is_live && self.has_watchdog {
            states.push(NotifyState::Watchdog);
        }
        let mut lines: Vec<_> = states.iter().map(ToString::to_string).collect();
        let shown = self.status();
        if shown != then.status {
            lines.push(NotifyState::Status(&shown).to_string());
            then.status = shown;
        }
        Message { lines, then }
    }

    /// Notes that systemd has got this message.
    pub(super) fn note_sent(&mut self, message: Message) {
        self.known = message.then;
    }

    /// The text for `systemctl status`.
    fn status(&self) -> String {
        let (live, ready) = (self.health.live(), self.health.ready());
        match (live.ok, ready.ok) {
            (true, true) => "ready".into(),
            (true, false) => format!("not ready: {}", ready.summary()),
            (false, _) => format!("not live: {}", live.summary()),
        }
    }
}

fn extension(time: Duration) -> NotifyState<'static> {
    NotifyState::ExtendTimeoutUsec(u32::try_from(time.as_micros()).unwrap_or(u32::MAX))
}

/// Sends one message. On another thread: it waits while systemd reads nothing.
async fn send(lines: Vec<String>) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let send = move || {
        let states: Vec<_> = lines.iter().map(|line| NotifyState::Custom(line)).collect();
        sd_notify::notify(&states)
    };
    spawn_blocking(send)
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
}
