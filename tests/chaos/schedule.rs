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
pub(crate) struct Deed {
    /// After the start.
    pub(crate) at: Duration,
    /// What is done.
    pub(crate) action: Action,
}

/// How rough it gets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
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
type Trouble = (Action, (u64, u64), Action);

/// All actions by time, the same for the same seed.
pub(crate) fn schedule(seed: u64, weather: &Weather) -> Vec<Deed> {
    let mut deeds = Vec::new();
    for (n, subject) in subjects(weather).into_iter().enumerate() {
        // Each subject has a chance of its own, so that a change to one leaves the others as they were.
        let mut chance = StdRng::seed_from_u64(seed.wrapping_mul(1000).wrapping_add(n as u64));
        deeds.extend(life(&mut chance, subject, weather));
    }
    deeds.sort_by_key(|deed| deed.at);
    deeds
}

/// What can befall one subject, one after the other, and the pause after each, in ms.
struct Subject {
    troubles: Vec<Trouble>,
    pause: (u64, u64),
}

/// Troubles of one subject never overlap, those of different subjects do.
fn subjects(weather: &Weather) -> Vec<Subject> {
    let worker = |n| (of_worker(n, weather), (500, 3000));
    let mut subjects: Vec<_> = (0..weather.workers).map(worker).collect();
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
    subjects.extend([
        // After a loss nothing is bought for `resubmit_after`: without longer pauses there would be no more to lose.
        (of_redis(weather), (5000, 8000)),
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
        ((0..weather.faults).map(flare).collect(), (500, 1500)),
        (["CNY", "USD"].map(drain).into(), (1000, 6000)),
    ]);
    let subject = |(troubles, pause)| Subject { troubles, pause };
    subjects.into_iter().map(subject).collect()
}

fn of_worker(n: usize, weather: &Weather) -> Vec<Trouble> {
    let mut troubles = vec![
        (Action::Kill(n), (100, 1500), Action::Start(n)),
        (
            Action::Stop(n),
            (200, millis(weather.longest_stop)),
            Action::Continue(n),
        ),
        (Action::Term(n), (0, 1000), Action::Start(n)),
    ];
    // Among three workers each kind of trouble comes first once.
    troubles.rotate_left(n % 3);
    troubles
}

fn of_redis(weather: &Weather) -> Vec<Trouble> {
    let down = |action| (action, (50, 1000), Action::StartRedis);
    let mut troubles = vec![down(Action::KillRedis)];
    if weather.tail_loss {
        troubles.push(down(Action::KillRedisLosingTail));
    }
    troubles
}

/// One subject's troubles, over before the storm is. The first round is in the order given, so that even a short
/// storm has seen all kinds; the next ones are shuffled.
fn life(chance: &mut StdRng, subject: Subject, weather: &Weather) -> Vec<Deed> {
    let Subject {
        mut troubles,
        pause: (shortest_pause, longest_pause),
    } = subject;
    let mut at = chance.random_range(300..=shortest_pause.max(1500));
    let (mut deeds, mut round) = (Vec::new(), 0);
    loop {
        let place = round % troubles.len();
        if place == 0 && round > 0 {
            troubles.shuffle(chance);
        }
        let (begin, (shortest, longest), end) = troubles[place];
        let over = at + chance.random_range(shortest..=longest);
        if over > millis(weather.storm) {
            return deeds;
        }
        deeds.extend([(at, begin), (over, end)].map(|(at, action)| Deed {
            at: Duration::from_millis(at),
            action,
        }));
        at = over + chance.random_range(shortest_pause..=longest_pause);
        round += 1;
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap()
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>9.3} s  {:?}", self.at.as_secs_f64(), self.action)
    }
}
