//! The failures of the storm with their times: a function of the seed.

use std::{fmt, time::Duration};

use e2e::proxy::Link;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};

/// One action on a process, a link, a fault or an account.
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
    /// Starts a worker in the place of one that exited or is exiting.
    Start(usize),
    /// Takes a worker's file descriptors: it can open no connection.
    Starve(usize),
    /// Gives them back.
    Feed(usize),
    /// Reads a worker's log no longer: its pipe fills.
    BlockLog(usize),
    /// Reads it again.
    ReadLog(usize),
    /// `kill -9` of Redis.
    KillRedis,
    /// `kill -9` of Redis with loss of the last second of its log, as in a crash of the machine.
    KillRedisLosingTail,
    /// Starts Redis again on its port.
    StartRedis,
    /// Promotes a replica while the master lives on, with a worker and shops on each.
    Promote,
    /// `kill -9` of the former master, which comes back as a replica.
    KillFormer,
    /// Makes the former master a replica.
    DemoteFormer,
    /// Sets clocks of servers this many milliseconds ahead of the machine's, or behind it.
    StepClock(Clocks, i64),
    /// Sets the clocks of all servers to the machine's time.
    SetClocksRight,
    /// Changes the link between workers and Redis.
    RedisLink(Link),
    /// Changes the link between workers and the vendor.
    VendorLink(Link),
    /// Raises the rate of one fault, given by its index in the list of all faults.
    Flare(usize),
    /// Sets all faults back to their background rates.
    EndFlare,
    /// Sets the balance of a currency to zero.
    Drain(&'static str),
    /// Fills the account again.
    TopUp(&'static str),
}

/// Some of the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clocks {
    /// The present master.
    OfMaster,
    /// The replicas: a promotion steps the clock that counts.
    OfReplicas,
    /// All servers.
    All,
}

/// An action and its time after the start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TimedAction {
    /// The time after the start.
    pub(crate) at: Duration,
    /// The action.
    pub(crate) action: Action,
}

/// The parameters of the storm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StormProfile {
    /// The end of the last failure.
    pub(crate) storm: Duration,
    /// The number of worker processes.
    pub(crate) workers: usize,
    /// The number of vendor faults.
    pub(crate) faults: usize,
    /// The longest suspension of a worker.
    pub(crate) longest_stop: Duration,
    /// The failures of Redis besides crashes.
    pub(crate) redis: RedisFailures,
}

/// The failures of Redis besides crashes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RedisFailures {
    /// `true` if Redis may lose the end of its log.
    pub(crate) tail_loss: bool,
    /// `true` if the clocks of the servers step.
    pub(crate) clock_steps: bool,
    /// `true` if replicas are promoted while their master lives.
    pub(crate) promotions: bool,
}

/// The longest stall of a request to the vendor, and the longest delay on a slow link. With longer ones and a suspended
/// worker, a request could arrive after `resubmit_after`.
pub(crate) const VENDOR_STALL: Duration = Duration::from_millis(600);
const VENDOR_SLOW: Duration = Duration::from_millis(200);

/// A step of a clock in milliseconds, of a kind: seconds, minutes beyond `resubmit_after`, a day.
const SECONDS: i64 = 20_000;
const MINUTES: i64 = 330_000;
const DAY: i64 = 86_400_000;

/// The currencies of the accounts.
const CURRENCIES: [&str; 2] = ["CNY", "USD"];
/// The time before a promotion in which orders wait for money.
const BACKLOG: Duration = Duration::from_secs(1);

/// A failure: its first action, its shortest and longest duration in ms, the action that ends it.
type Disturbance = (Action, (u64, u64), Action);

/// All actions by time, the same for the same seed.
pub(crate) fn schedule(seed: u64, profile: &StormProfile) -> Vec<TimedAction> {
    let mut actions = Vec::new();
    for (n, target) in targets(profile).into_iter().enumerate() {
        // Each target has its own generator, so that a change to one target leaves the others unchanged.
        let mut rng = StdRng::seed_from_u64(seed.wrapping_mul(1000).wrapping_add(n as u64));
        actions.extend(timeline(&mut rng, target, profile));
    }
    actions.sort_by_key(|timed| timed.at);
    let mut rng = StdRng::seed_from_u64(!seed);
    for split in splits(&actions) {
        fill_split(&mut rng, split, &mut actions);
    }
    actions.sort_by_key(|timed| timed.at);
    actions
}

/// The times of two masters, each from the promotion to the end of the former master.
fn splits(actions: &[TimedAction]) -> Vec<(Duration, Duration)> {
    let of = |wanted: fn(&Action) -> bool| {
        let found = actions.iter().filter(move |timed| wanted(&timed.action));
        found.map(|timed| timed.at)
    };
    let begins = of(|action| *action == Action::Promote);
    let ends = of(|action| matches!(action, Action::KillFormer | Action::DemoteFormer));
    begins.zip(ends).collect()
}

/// Empties the accounts before a promotion, so that both masters have orders to send, and fills them while the former
/// master may live. Replaces the other changes of the accounts in that time.
fn fill_split(rng: &mut StdRng, split: (Duration, Duration), actions: &mut Vec<TimedAction>) {
    let (from, to) = (split.0.saturating_sub(BACKLOG), split.1);
    let is_other = |timed: &TimedAction| {
        (from..=to).contains(&timed.at)
            && matches!(timed.action, Action::Drain(_) | Action::TopUp(_))
    };
    actions.retain(|timed| !is_other(timed));
    let filled = split.0
        + to.saturating_sub(split.0)
            .mul_f64(rng.random_range(0.6..0.9));
    for currency in CURRENCIES {
        for (at, action) in [
            (from, Action::Drain(currency)),
            (filled, Action::TopUp(currency)),
        ] {
            actions.push(TimedAction { at, action });
        }
    }
}

/// A target of failures, which follow one another, and the shortest and longest pause between them in ms.
struct Target {
    disturbances: Vec<Disturbance>,
    pause: (u64, u64),
}

/// Failures of one target never overlap. Failures of different targets do.
fn targets(profile: &StormProfile) -> Vec<Target> {
    let worker = |n| (worker_disturbances(n, profile), (500, 3000));
    let mut targets: Vec<_> = (0..profile.workers).map(worker).collect();
    let starve = |n| (Action::Starve(n), (500, 4000), Action::Feed(n));
    let block = |n| (Action::BlockLog(n), (1000, 5000), Action::ReadLog(n));
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
        (redis_disturbances(profile), pause_of_redis(profile)),
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
        (CURRENCIES.map(drain).into(), (1000, 6000)),
        (clock_disturbances(profile), (500, 3000)),
        ((0..profile.workers).map(starve).collect(), (500, 2000)),
        ((0..profile.workers).map(block).collect(), (200, 1000)),
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
    // Among three workers each kind of failure comes first once.
    disturbances.rotate_left(n % 3);
    disturbances
}

fn redis_disturbances(profile: &StormProfile) -> Vec<Disturbance> {
    let down = |action| (action, (50, 1000), Action::StartRedis);
    let split = |end| (Action::Promote, (5000, 8000), end);
    // The first failure meets workers that buy.
    let all = [
        (profile.redis.promotions, split(Action::DemoteFormer)),
        (profile.redis.tail_loss, down(Action::KillRedisLosingTail)),
        (true, down(Action::KillRedis)),
        (profile.redis.promotions, split(Action::KillFormer)),
    ];
    let wanted = all.into_iter().filter(|(is_wanted, _)| *is_wanted);
    wanted.map(|(_, disturbance)| disturbance).collect()
}

/// After a loss the workers buy nothing for `resubmit_after`. The long pause creates new writes to lose. A short storm has
/// no time for it.
fn pause_of_redis(profile: &StormProfile) -> (u64, u64) {
    if profile.storm < Duration::from_mins(1) {
        (3500, 5500)
    } else {
        (7000, 11_000)
    }
}

/// Steps that are taken back soon, and steps that stay until the next one.
fn clock_disturbances(profile: &StormProfile) -> Vec<Disturbance> {
    use Clocks::{OfMaster, OfReplicas};
    if !profile.redis.clock_steps {
        return Vec::new();
    }
    let step = |clocks, offset| Action::StepClock(clocks, offset);
    let taken_back = |offset| (step(OfMaster, offset), (200, 2500), Action::SetClocksRight);
    let stays = |clocks, first, last| (step(clocks, first), (200, 2500), step(clocks, last));
    vec![
        taken_back(MINUTES),
        stays(OfMaster, -SECONDS, SECONDS),
        taken_back(DAY),
        stays(OfReplicas, -MINUTES, MINUTES),
        taken_back(-MINUTES),
        stays(OfMaster, MINUTES, 2 * MINUTES),
        taken_back(-DAY),
        stays(OfReplicas, SECONDS, DAY),
        stays(OfMaster, -MINUTES, DAY),
        taken_back(SECONDS),
    ]
}

/// The failures of one target, which all end before the storm. The first round keeps the given order, so that even a
/// short storm has every kind. The next rounds are shuffled.
fn timeline(rng: &mut StdRng, target: Target, profile: &StormProfile) -> Vec<TimedAction> {
    let Target {
        mut disturbances,
        pause: (shortest_pause, longest_pause),
    } = target;
    let earliest = if shortest_pause < 2000 { 300 } else { 2500 };
    let mut at = rng.random_range(earliest..=shortest_pause.clamp(1500, 3500));
    let (mut actions, mut round) = (Vec::new(), 0);
    while !disturbances.is_empty() {
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
    actions
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap()
}

impl fmt::Display for TimedAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>9.3} s  {:?}", self.at.as_secs_f64(), self.action)
    }
}
