//! What befalls whom, and when: a function of the seed.

use std::{fmt, time::Duration};

use e2e::proxy::Link;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};

/// One thing that is done to the world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Action {
    /// `kill -9` of a worker.
    Kill(usize),
    /// SIGTERM to a worker.
    Term(usize),
    /// SIGSTOP to a worker.
    Stop(usize),
    /// SIGCONT to a worker.
    Continue(usize),
    /// A new worker in the place of one that ended, or that is about to.
    Start(usize),
    /// `kill -9` of Redis.
    KillRedis,
    /// The same, and what was written to the log in the last second is lost, as when a machine dies.
    KillRedisLosingTail,
    /// Redis comes back on its port.
    StartRedis,
    /// The network between workers and Redis.
    RedisLink(Link),
    /// The network between workers and the vendor.
    VendorLink(Link),
    /// One fault befalls most calls for a while: its place in the list of all faults.
    Flare(usize),
    /// Faults are as usual again.
    EndFlare,
    /// An account runs dry.
    Drain(&'static str),
    /// It is filled again.
    TopUp(&'static str),
}

/// An action and its time after the start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TimedAction {
    /// After the start.
    pub(crate) at: Duration,
    /// What is done.
    pub(crate) action: Action,
}

/// How rough it gets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StormProfile {
    /// When the last trouble is over.
    pub(crate) storm: Duration,
    /// Worker processes.
    pub(crate) workers: usize,
    /// How many kinds of faults there are to flare up.
    pub(crate) faults: usize,
    /// The longest time for which a worker stands still.
    pub(crate) longest_stop: Duration,
    /// Whether Redis may lose the end of its log.
    pub(crate) tail_loss: bool,
}

/// The longest time for which the network holds up a request to the vendor, and by which it slows one. A request
/// that could be later than that would, together with a worker that stands still, come after `resubmit_after`.
pub(crate) const VENDOR_STALL: Duration = Duration::from_millis(600);
const VENDOR_SLOW: Duration = Duration::from_millis(200);

/// A trouble: how it begins, how long it takes at least and at most (in ms), how it ends.
type Disturbance = (Action, (u64, u64), Action);

/// All actions by time, the same for the same seed.
pub(crate) fn schedule(seed: u64, profile: &StormProfile) -> Vec<TimedAction> {
    let mut actions = Vec::new();
    for (n, target) in targets(profile).into_iter().enumerate() {
        // Each subject has a chance of its own, so that a change to one leaves the others as they were.
        let mut rng = StdRng::seed_from_u64(seed.wrapping_mul(1000).wrapping_add(n as u64));
        actions.extend(timeline(&mut rng, target, profile));
    }
    actions.sort_by_key(|timed| timed.at);
    actions
}

/// What can befall one subject, one after the other, and the pause after each, in ms.
struct Target {
    disturbances: Vec<Disturbance>,
    pause: (u64, u64),
}

/// Troubles of one subject never overlap, those of different subjects do.
fn targets(profile: &StormProfile) -> Vec<Target> {
    let worker = |n| (worker_disturbances(n, profile), (500, 3000));
    let mut targets: Vec<_> = (0..profile.workers).map(worker).collect();
    let ms = Duration::from_millis;
    let (cut, stall, slow) = (Link::Cut, Link::Stall, Link::Slow);
    let redis = |link, time| (Action::RedisLink(link), time, Action::RedisLink(Link::Pass));
    let vendor = |link, time| {
        (
            Action::VendorLink(link),
            time,
            Action::VendorLink(Link::Pass),
        )
    };
    let flare = |fault| (Action::Flare(fault), (300, 1000), Action::EndFlare);
    let drain = |currency| {
        (
            Action::Drain(currency),
            (1000, 2500),
            Action::TopUp(currency),
        )
    };
    targets.extend([
        // After a loss nothing is bought for `resubmit_after`: without longer pauses there would be no more to lose.
        (redis_disturbances(profile), (5000, 8000)),
        (
            vec![
                redis(cut, (200, 1500)),
                redis(stall, (300, 2000)),
                redis(slow(ms(80)), (500, 2000)),
            ],
            (1000, 4000),
        ),
        (
            vec![
                vendor(cut, (300, 1500)),
                vendor(stall, (200, millis(VENDOR_STALL))),
                vendor(slow(VENDOR_SLOW), (500, 2000)),
            ],
            (1000, 4000),
        ),
        ((0..profile.faults).map(flare).collect(), (500, 1500)),
        (["CNY", "USD"].map(drain).into(), (1000, 6000)),
    ]);
    let target = |(disturbances, pause)| Target {
        disturbances,
        pause,
    };
    targets.into_iter().map(target).collect()
}

fn worker_disturbances(n: usize, profile: &StormProfile) -> Vec<Disturbance> {
    let mut disturbances = vec![
        (Action::Kill(n), (100, 1500), Action::Start(n)),
        (
            Action::Stop(n),
            (200, millis(profile.longest_stop)),
            Action::Continue(n),
        ),
        (Action::Term(n), (0, 1000), Action::Start(n)),
    ];
    // Among three workers each kind of trouble comes first once.
    disturbances.rotate_left(n % 3);
    disturbances
}

fn redis_disturbances(profile: &StormProfile) -> Vec<Disturbance> {
    let down = |action| (action, (50, 1000), Action::StartRedis);
    let mut disturbances = vec![down(Action::KillRedis)];
    if profile.tail_loss {
        disturbances.push(down(Action::KillRedisLosingTail));
    }
    disturbances
}

/// One subject's troubles, over before the storm is. The first round is in the order given, so that even a short
/// storm has seen all kinds; the next ones are shuffled.
fn timeline(rng: &mut StdRng, target: Target, profile: &StormProfile) -> Vec<TimedAction> {
    let Target {
        mut disturbances,
        pause: (shortest_pause, longest_pause),
    } = target;
    let mut at = rng.random_range(300..=shortest_pause.max(1500));
    let (mut actions, mut round) = (Vec::new(), 0);
    loop {
        let place = round % disturbances.len();
        if place == 0 && round > 0 {
            disturbances.shuffle(rng);
        }
        let (begin, (shortest, longest), end) = disturbances[place];
        let finished = at + rng.random_range(shortest..=longest);
        if finished > millis(profile.storm) {
            return actions;
        }
        actions.extend(
            [(at, begin), (finished, end)].map(|(at, action)| TimedAction {
                at: Duration::from_millis(at),
                action,
            }),
        );
        at = finished + rng.random_range(shortest_pause..=longest_pause);
        round += 1;
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap()
}

impl fmt::Display for TimedAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>9.3} s  {:?}", self.at.as_secs_f64(), self.action)
    }
}
