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
    orders::{Demand, demand},
    schedule::{Deed, Weather, schedule},
    shops::Shops,
    summary,
    world::{LEASE, SHOP_PATIENCE, World, flares},
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
    pub(crate) calm: Duration,
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
            calm: Duration::from_mins(2),
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

    fn weather(&self) -> Weather {
        Weather {
            storm: self.storm,
            workers: self.workers,
            faults: flares().len(),
            longest_stop: 2 * LEASE,
            tail_loss: self.tail_loss,
        }
    }
}

/// Runs it, in a runtime of several threads: some steps block theirs.
pub(crate) async fn run(settings: Settings) -> Report {
    let home = TempDir::with_prefix("chaos-").unwrap();
    let demand = Arc::new(demand(settings.seed, settings.orders, settings.storm));
    let deeds = schedule(settings.seed, &settings.weather());
    write_down(&home, &demand, &deeds);

    let mut world = World::start(
        settings.seed,
        settings.duplicate,
        settings.workers,
        home.path(),
    )
    .await;
    let clock = clock_of(&world).await;
    let shops = Shops::new(world.redis.client(), clock, world.losses.clone());
    let reading = tokio::spawn(shops.clone().read());
    let putting = tokio::spawn(shops.clone().put_in(Arc::clone(&demand), SHOP_PATIENCE));
    storm(&mut world, clock, &deeds, settings.storm).await;
    let calm = clock.now();
    world.heal();
    let limit = Instant::now() + settings.calm;
    until_settled(&mut world, &shops, &demand, limit).await;
    putting.abort();
    until_settled(&mut world, &shops, &demand, limit).await;
    reading.abort();

    let mut history = History {
        began: clock.unix_ms,
        calm,
        over: clock.now(),
        deeds,
        ..collect::history(world, &shops, &demand, home.path()).await
    };
    history.orders.clone_from(&demand.orders);
    let violations = check(&history);
    let mut report = Report {
        settings,
        history,
        violations,
        folder: None,
    };
    if !report.violations.is_empty() {
        collect::write_down(&report.history, home.path());
        fs::write(
            home.path().join("summary.txt"),
            summary::Summary(&report).to_string(),
        )
        .unwrap();
        report.folder = Some(home.keep());
    }
    report
}

async fn storm(world: &mut World, clock: Clock, deeds: &[Deed], length: Duration) {
    let mut tick = interval(Duration::from_millis(100));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut deeds = deeds.iter().peekable();
    let over = clock.start + length;
    loop {
        let next = deeds.peek().map_or(over, |deed| clock.start + deed.at);
        tokio::select! {
            _ = tick.tick() => world.tail.measure(),
            () = sleep_until(next) => match deeds.next() {
                Some(deed) => world.apply(deed.action, clock).await,
                None => return,
            },
        }
    }
}

/// Until every order has its result or stands in review and nothing is left to do; or until the limit.
async fn until_settled(world: &mut World, shops: &Shops, demand: &Demand, limit: Instant) {
    while Instant::now() < limit && !collect::is_settled(&world.redis, shops, demand).await {
        world.fleet.fill();
        sleep(Duration::from_millis(200)).await;
    }
}

async fn clock_of(world: &World) -> Clock {
    let (seconds, micros): (u64, u64) = world.redis.run(&["TIME"]).await;
    Clock {
        start: Instant::now(),
        unix_ms: seconds * 1000 + micros / 1000,
    }
}

fn write_down(home: &TempDir, demand: &Demand, deeds: &[Deed]) {
    let lines = |lines: Vec<String>| lines.join("\n") + "\n";
    let deeds = deeds.iter().map(ToString::to_string);
    fs::write(home.path().join("schedule.txt"), lines(deeds.collect())).unwrap();
    let puts = demand.puts.iter().map(|put| format!("{put:?}"));
    fs::write(home.path().join("orders.txt"), lines(puts.collect())).unwrap();
}
