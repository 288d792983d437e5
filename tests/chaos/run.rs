//! One run from the first order to the verdict.

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use hp_sandbox::Duplicate;
use tempfile::TempDir;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use super::{
    check::{Violation, check},
    clock::Clock,
    collect,
    history::History,
    schedule::{StormProfile, TimedAction, schedule},
    shops::Shops,
    summary,
    workload::{Workload, workload},
    world::{LEASE, SHOP_RETRY_AFTER, World, flare_faults},
};

/// What a run is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// Decides all that can be decided.
    pub(crate) seed: u64,
    /// How many orders the shops want.
    pub(crate) orders: usize,
    /// Worker processes.
    pub(crate) workers: usize,
    /// How long things go wrong.
    pub(crate) storm: Duration,
    /// How long all orders may take to come to an end after that.
    pub(crate) storm_ended: Duration,
    /// What the vendor does about a repeated id.
    pub(crate) duplicate: Duplicate,
    /// Whether Redis may lose the end of its log.
    pub(crate) tail_loss: bool,
}

/// What came of it.
pub(crate) struct Report {
    /// What was asked for.
    pub(crate) settings: Settings,
    /// What happened.
    pub(crate) history: History,
    /// What must not have.
    pub(crate) violations: Vec<Violation>,
    /// Logs, facts and schedule, if there is a reason to look at them.
    pub(crate) folder: Option<PathBuf>,
}

impl Settings {
    /// For every day: about half a minute, with the vendor that charges every repetition.
    pub(crate) fn short(seed: u64) -> Self {
        Self {
            seed,
            orders: 600,
            workers: 3,
            storm: Duration::from_secs(20),
            storm_ended: Duration::from_mins(2),
            duplicate: Duplicate::Charge,
            tail_loss: true,
        }
    }

    /// For a long look. The seed chooses the vendor's way with repetitions.
    pub(crate) fn long(seed: u64, storm: Duration) -> Self {
        let ways = [
            Duplicate::Charge,
            Duplicate::Exists,
            Duplicate::Locked,
            Duplicate::Replay,
        ];
        let minutes = usize::try_from(storm.as_secs() / 60).unwrap_or(0);
        Self {
            orders: 5000.max(2500 * minutes),
            workers: 4,
            storm,
            duplicate: ways[usize::try_from(seed % 4).unwrap_or(0)],
            ..Self::short(seed)
        }
    }

    fn profile(&self) -> StormProfile {
        StormProfile {
            storm: self.storm,
            workers: self.workers,
            faults: flare_faults().len(),
            longest_stop: 2 * LEASE,
            tail_loss: self.tail_loss,
        }
    }
}

/// Runs it, in a runtime of several threads: some steps block theirs.
pub(crate) async fn run(settings: Settings) -> Report {
    let home = TempDir::with_prefix("chaos-").unwrap();
    let workload = Arc::new(workload(settings.seed, settings.orders, settings.storm));
    let actions = schedule(settings.seed, &settings.profile());
    write_files(&home, &workload, &actions);

    let mut world = World::start(
        settings.seed,
        settings.duplicate,
        settings.workers,
        home.path(),
    )
    .await;
    let clock = clock_of(&world).await;
    let shops = Shops::new(world.redis.client(), clock, world.losses.clone());
    let read = tokio::spawn(shops.clone().read());
    let putting = tokio::spawn(
        shops
            .clone()
            .submit_all(Arc::clone(&workload), SHOP_RETRY_AFTER),
    );
    storm(&mut world, clock, &actions, settings.storm).await;
    let storm_ended = clock.now();
    world.recover();
    let limit = Instant::now() + settings.storm_ended;
    until_settled(&mut world, &shops, &workload, limit).await;
    putting.abort();
    until_settled(&mut world, &shops, &workload, limit).await;
    read.abort();

    let mut history = History {
        started_at: clock.unix_ms,
        storm_ended,
        finished: clock.now(),
        actions,
        ..collect::history(world, &shops, &workload, home.path()).await
    };
    history.orders.clone_from(&workload.orders);
    let violations = check(&history);
    let mut report = Report {
        settings,
        history,
        violations,
        folder: None,
    };
    if !report.violations.is_empty() {
        collect::write_files(&report.history, home.path());
        fs::write(
            home.path().join("summary.txt"),
            summary::Summary(&report).to_string(),
        )
        .unwrap();
        report.folder = Some(home.keep());
    }
    report
}

async fn storm(world: &mut World, clock: Clock, actions: &[TimedAction], length: Duration) {
    let mut tick = interval(Duration::from_millis(100));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut actions = actions.iter().peekable();
    let finished = clock.start + length;
    loop {
        let next = actions
            .peek()
            .map_or(finished, |timed| clock.start + timed.at);
        tokio::select! {
            _ = tick.tick() => world.tail.record_size(),
            () = sleep_until(next) => match actions.next() {
                Some(timed) => world.apply(timed.action, clock).await,
                None => return,
            },
        }
    }
}

/// Until every order has its result or stands in review and nothing is left to do; or until the limit.
async fn until_settled(world: &mut World, shops: &Shops, workload: &Workload, limit: Instant) {
    while Instant::now() < limit && !collect::is_settled(&world.redis, shops, workload).await {
        world.fleet.start_missing();
        sleep(Duration::from_millis(200)).await;
    }
}

async fn clock_of(world: &World) -> Clock {
    let (seconds, micros): (u64, u64) = world.redis.command(&["TIME"]).await;
    Clock {
        start: Instant::now(),
        unix_ms: seconds * 1000 + micros / 1000,
    }
}

fn write_files(home: &TempDir, workload: &Workload, actions: &[TimedAction]) {
    let lines = |lines: Vec<String>| lines.join("\n") + "\n";
    let actions = actions.iter().map(ToString::to_string);
    fs::write(home.path().join("schedule.txt"), lines(actions.collect())).unwrap();
    let submissions = workload
        .submissions
        .iter()
        .map(|submission| format!("{submission:?}"));
    fs::write(home.path().join("orders.txt"), lines(submissions.collect())).unwrap();
}
