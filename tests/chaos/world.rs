//! The processes and links of a run, and the actions on them.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use e2e::{
    Redis,
    proxy::{Link, Proxy},
};
use hp_sandbox::{Duplicate, Options, Sandbox, Trigger};
use nix::sys::signal::Signal;
use tokio::task::block_in_place;

use super::{aof_tail::AofTail, clock::Clock, fleet::Fleet, schedule::Action};

/// Known secrets, which the check searches for in logs and keys.
pub(crate) const SECRETS: [&str; 2] = ["a-secret-of-the-reseller", "a-password-of-redis"];

/// Longer than a suspension, a stalled link and a late record together.
const RESUBMIT_AFTER: &str = "3500ms";
pub(crate) const LEASE: Duration = Duration::from_secs(1);
/// Shorter than `RESUBMIT_AFTER`: shops repeat orders that Redis lost while the workers still doubt new orders.
pub(crate) const SHOP_RETRY_AFTER: Duration = Duration::from_secs(2);
/// The time before a crash whose acknowledged writes Redis may lose: one second, and two in which a busy disk may delay
/// the write.
const UNSAFE_MS: u64 = 3000;

/// The share of calls that meet a fault: fetches, queries, and calls while the fault flares.
const RATES: (f64, f64, f64) = (0.01, 0.02, 0.4);

pub(crate) struct World {
    pub(crate) redis: Redis,
    pub(crate) tail: AofTail,
    pub(crate) sandbox: Sandbox,
    pub(crate) fleet: Fleet,
    redis_link: Proxy,
    vendor_link: Proxy,
    redis_is_up: bool,
    pub(crate) losses: Losses,
    /// The bytes of its log that Redis lost in each loss.
    pub(crate) lost_bytes: Vec<u64>,
}

/// The times whose acknowledged writes may be lost. Copies share one list.
#[derive(Clone, Default)]
pub(crate) struct Losses(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    losses: Vec<(u64, u64)>,
    is_closed: bool,
}

impl Losses {
    fn add(&self, from: u64, to: u64) {
        self.0.lock().unwrap().losses.push((from, to));
    }

    fn is_closed(&self) {
        self.0.lock().unwrap().is_closed = true;
    }

    pub(crate) fn all(&self) -> Vec<(u64, u64)> {
        self.0.lock().unwrap().losses.clone()
    }

    /// `true` if a write that Redis acknowledged at this time may be lost, `None` while this is undecided.
    pub(crate) fn is_lost(&self, at: u64, now: u64) -> Option<bool> {
        let known = self.0.lock().unwrap();
        let is_lost = known
            .losses
            .iter()
            .any(|(from, to)| (*from..=*to).contains(&at));
        (is_lost || known.is_closed || now > at + UNSAFE_MS).then_some(is_lost)
    }
}

impl World {
    pub(crate) async fn start(
        seed: u64,
        duplicate: Duplicate,
        workers: usize,
        folder: &Path,
    ) -> Self {
        let logs = folder.join("logs");
        std::fs::create_dir_all(&logs).unwrap();
        // A single log file, so that its end is easy to find.
        let redis = Redis::single_with(&format!(
            "--appendfsync everysec --auto-aof-rewrite-percentage 0 --requirepass {}",
            SECRETS[1]
        ));
        let sandbox = Sandbox::start(vendor(seed, duplicate)).unwrap();
        let redis_link = Proxy::start(redis.server().address().parse().unwrap(), seed).await;
        let vendor_link = Proxy::start(sandbox.addr(), !seed).await;
        let world = Self {
            fleet: Fleet::start(workers, settings(&redis_link, &vendor_link), logs),
            tail: AofTail::of(redis.server().folder()),
            redis,
            sandbox,
            redis_link,
            vendor_link,
            redis_is_up: true,
            losses: Losses::default(),
            lost_bytes: Vec::new(),
        };
        world.set_background_faults();
        world
    }

    pub(crate) async fn apply(&mut self, action: Action, clock: Clock) {
        match action {
            Action::Kill(worker) => self.fleet.kill(worker).await,
            Action::Term(worker) => self.fleet.terminate(worker),
            Action::Stop(worker) => self.fleet.signal(worker, Signal::SIGSTOP),
            Action::Continue(worker) => self.fleet.signal(worker, Signal::SIGCONT),
            Action::Start(worker) => self.fleet.replace(worker),
            Action::KillRedis => self.kill_redis(clock),
            Action::KillRedisLosingTail => {
                self.kill_redis(clock);
                self.lost_bytes.push(self.tail.truncate());
            }
            Action::StartRedis => self.start_redis(),
            Action::RedisLink(link) => self.redis_link.set(link),
            Action::VendorLink(link) => self.vendor_link.set(link),
            Action::Flare(fault) => self.set_fault(flare_faults()[fault], RATES.2),
            Action::EndFlare => self.set_background_faults(),
            Action::Drain(currency) => self.sandbox.set_balance(currency, 0.into()).unwrap(),
            Action::TopUp(currency) => self.top_up(currency),
        }
    }

    /// Ends the storm: repairs everything.
    pub(crate) fn recover(&mut self) {
        self.start_redis();
        self.losses.is_closed();
        self.redis_link.set(Link::Pass);
        self.vendor_link.set(Link::Pass);
        self.sandbox.clear_faults();
        for currency in ["CNY", "USD"] {
            self.top_up(currency);
        }
        self.fleet.resume_all();
        self.fleet.start_missing();
    }

    fn kill_redis(&mut self, clock: Clock) {
        block_in_place(|| self.redis.crash());
        self.redis_is_up = false;
        let now = clock.now();
        self.losses.add(now.saturating_sub(UNSAFE_MS), now);
    }

    fn start_redis(&mut self) {
        if !self.redis_is_up {
            block_in_place(|| self.redis.restart());
            self.redis_is_up = true;
        }
    }

    fn top_up(&self, currency: &str) {
        self.sandbox
            .set_balance(currency, 100_000_000.into())
            .unwrap();
    }

    fn set_background_faults(&self) {
        for fault in flare_faults() {
            let of_query = fault.call == hp_sandbox::Call::Query;
            self.set_fault(fault, if of_query { RATES.1 } else { RATES.0 });
        }
    }

    fn set_fault(&self, fault: Trigger, rate: f64) {
        self.sandbox.set_fault(&fault.to_string(), rate).unwrap();
    }
}

/// All faults in a fixed order.
pub(crate) fn flare_faults() -> Vec<Trigger> {
    Trigger::all().collect()
}

fn vendor(seed: u64, duplicate: Duplicate) -> Options {
    let unknown = if seed.is_multiple_of(2) {
        "400100"
    } else {
        "empty"
    };
    Options {
        app_secret: SECRETS[0].to_owned().into(),
        seed,
        duplicate,
        not_found: unknown.parse().unwrap(),
        latency: "5ms..60ms".parse().unwrap(),
        hold: Duration::from_secs(3),
        late_record: Duration::from_millis(300),
        ..Options::local()
    }
}

fn settings(redis: &Proxy, vendor: &Proxy) -> Vec<(String, String)> {
    let settings = [
        ("HP_API__BASE_URL", format!("http://{}", vendor.addr())),
        ("HP_API__APP_ID", "demo".into()),
        ("HP_API__APP_SECRET", SECRETS[0].into()),
        ("HP_API__TIMEOUT", "1s".into()),
        (
            "HP_REDIS__URL",
            format!("redis://:{}@{}", SECRETS[1], redis.addr()),
        ),
        ("HP_WORKER__CONCURRENCY", "32".into()),
        ("HP_WORKER__LEASE", format!("{}s", LEASE.as_secs())),
        ("HP_WORKER__DRAIN", "5s".into()),
        ("HP_ADMIN__LISTEN", String::new()),
        ("HP_RETRY__BASE", "50ms".into()),
        ("HP_RETRY__MAX", "1s".into()),
        ("HP_RETRY__RESUBMIT_AFTER", RESUBMIT_AFTER.into()),
        ("HP_RETRY__GIVE_UP_AFTER", "1h".into()),
        ("HP_RECONCILE__SCHEDULE", "*/5 * * * * *".into()),
        ("HP_RECONCILE__STUCK_AFTER", "2s".into()),
        ("HP_LOG__FILTER", "debug".into()),
    ];
    settings
        .map(|(name, value)| (name.to_owned(), value))
        .into()
}
