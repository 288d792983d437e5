//! One run, from the first order to the check.

use std::{fs, sync::Arc, time::Duration};

use tempfile::TempDir;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use super::{
    check::check,
    clock::Clock,
    collect,
    history::History,
    report::{Report, Settings},
    schedule::{StormProfile, TimedAction, schedule},
    shops::Shops,
    summary::Summary,
    workload::{Workload, workload},
    world::{LEASE, SHOP_RETRY_AFTER, World, flare_faults},
};

/// Makes the run. Needs a runtime of several threads, because some steps block theirs.
pub(crate) async fn run(settings: Settings) -> Report {
    let home = TempDir::with_prefix("chaos-").unwrap();
    let workload = Arc::new(workload(settings.seed, settings.orders, settings.storm));
    let actions = schedule(settings.seed, &profile(&settings));
    write_files(&home, &workload, &actions);

    let mut world = World::start(&settings, home.path()).await;
    let clock = clock_of(&world).await;
    let shops = Shops::new(world.masters.clone(), clock, world.losses.clone());
    let read = tokio::spawn(shops.clone().read());
    let putting = tokio::spawn(
        shops
            .clone()
            .submit_all(Arc::clone(&workload), SHOP_RETRY_AFTER),
    );
    storm(&mut world, clock, &actions, settings.storm).await;
    let storm_ended = clock.now();
    world.recover().await;
    let limit = Instant::now() + settings.settle_limit;
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
            Summary(&report).to_string(),
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

/// Waits until every order has a result or is in review and nothing is due, or until the limit.
async fn until_settled(world: &mut World, shops: &Shops, workload: &Workload, limit: Instant) {
    while Instant::now() < limit && !collect::is_settled(world.redis(), shops, workload).await {
        world.fleet.start_missing();
        sleep(Duration::from_millis(200)).await;
    }
}

async fn clock_of(world: &World) -> Clock {
    let (seconds, micros): (u64, u64) = world.redis().command(&["TIME"]).await;
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

fn profile(settings: &Settings) -> StormProfile {
    StormProfile {
        storm: settings.storm,
        workers: settings.workers,
        faults: flare_faults().len(),
        longest_stop: 2 * LEASE,
        redis: settings.redis,
    }
}
