//! The processes and links of a run, and the actions on them.

use std::{path::Path, time::Duration};

use e2e::{
    Redis,
    proxy::{Link, Proxy},
};
use hp_sandbox::{Duplicate, Options, Sandbox, Trigger};
use nix::sys::signal::Signal;

use super::{
    aof_tail::AofTail,
    clock::Clock,
    fleet::Fleet,
    losses::Losses,
    masters::Masters,
    report::Settings,
    schedule::{Action, Clocks},
    servers::Servers,
};

/// Known secrets, which the check searches for in logs and keys.
pub(crate) const SECRETS: [&str; 2] = ["a-secret-of-the-reseller", "a-password-of-redis"];

/// Longer than a suspension, a stalled link and a late record together.
const RESUBMIT_AFTER: &str = "4s";
pub(crate) const LEASE: Duration = Duration::from_secs(1);
/// With the time for which shops use a former master shorter than `RESUBMIT_AFTER`: shops repeat orders that Redis lost
/// while the workers still doubt new orders.
pub(crate) const SHOP_RETRY_AFTER: Duration = Duration::from_millis(1500);
/// Longer than a step of the clock: no order is too old, on whatever clock.
const GIVE_UP_AFTER: &str = "72h";

/// The share of calls that meet a fault: fetches, queries, and calls while the fault flares.
const RATES: (f64, f64, f64) = (0.01, 0.02, 0.4);

pub(crate) struct World {
    servers: Servers,
    pub(crate) masters: Masters,
    pub(crate) tail: AofTail,
    pub(crate) sandbox: Sandbox,
    pub(crate) fleet: Fleet,
    /// After a promotion the second one leads to the present master at once, the first one when the former master ends.
    redis_links: [Proxy; 2],
    vendor_link: Proxy,
    pub(crate) losses: Losses,
    /// The promotions, and those that no replica was ready for.
    pub(crate) promotions: (u64, u64),
    /// The bytes of its log that Redis lost in each loss.
    pub(crate) lost_bytes: Vec<u64>,
}

impl World {
    pub(crate) async fn start(settings: &Settings, folder: &Path) -> Self {
        let Settings {
            seed,
            duplicate,
            workers,
            unbounded,
            ..
        } = *settings;
        let logs = folder.join("logs");
        std::fs::create_dir_all(&logs).unwrap();
        let servers = Servers::start(seed, unbounded).await;
        let sandbox = Sandbox::start(vendor(seed, duplicate)).unwrap();
        let redis = servers.address();
        let redis_links = [
            Proxy::start(redis, seed).await,
            Proxy::start(redis, seed.wrapping_add(1)).await,
        ];
        let vendor_link = Proxy::start(sandbox.addr(), !seed).await;
        let world = Self {
            fleet: Fleet::start(
                workers,
                redis_links
                    .each_ref()
                    .map(|redis| worker_settings(redis, &vendor_link)),
                logs,
            ),
            tail: AofTail::of(servers.master().server().folder()),
            masters: Masters::new(servers.master().client()),
            servers,
            sandbox,
            redis_links,
            vendor_link,
            losses: Losses::default(),
            promotions: (0, 0),
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
            Action::Starve(worker) => self.fleet.set_starved(worker, true).await,
            Action::Feed(worker) => self.fleet.set_starved(worker, false).await,
            Action::BlockLog(worker) => self.fleet.set_log_read(worker, false),
            Action::ReadLog(worker) => self.fleet.set_log_read(worker, true),
            Action::KillRedis => self.kill_redis(clock),
            Action::KillRedisLosingTail => {
                self.kill_redis(clock);
                self.lost_bytes.push(self.tail.truncate());
            }
            Action::StartRedis => self.servers.start_again(),
            Action::Promote => self.promote(clock).await,
            Action::KillFormer => self.end_former(true, clock),
            Action::DemoteFormer => self.end_former(false, clock),
            Action::StepClock(clocks, offset) => self.servers.set_clocks(clocks, offset),
            Action::SetClocksRight => self.servers.set_clocks(Clocks::All, 0),
            Action::RedisLink(link) => self.set_redis_links(link),
            Action::VendorLink(link) => self.vendor_link.set(link),
            Action::Flare(fault) => self.set_fault(flare_faults()[fault], RATES.2),
            Action::EndFlare => self.set_background_faults(),
            Action::Drain(currency) => self.sandbox.set_balance(currency, 0.into()).unwrap(),
            Action::TopUp(currency) => self.top_up(currency),
        }
    }

    /// Ends the storm: repairs everything.
    pub(crate) async fn recover(&mut self) {
        self.servers.start_again();
        self.servers.set_clocks(Clocks::All, 0);
        self.losses.close();
        self.set_redis_links(Link::Pass);
        self.vendor_link.set(Link::Pass);
        self.sandbox.clear_faults();
        for currency in ["CNY", "USD"] {
            self.top_up(currency);
        }
        self.fleet.resume_all().await;
        self.fleet.start_missing();
    }

    /// The present master.
    pub(crate) fn redis(&self) -> &Redis {
        self.servers.master()
    }

    fn kill_redis(&mut self, clock: Clock) {
        self.servers.kill();
        self.losses.add_crash(clock.now());
    }

    async fn promote(&mut self, clock: Clock) {
        self.losses.begin_promotion(clock.now());
        if !self.servers.promote().await {
            self.losses.cancel_promotion();
            self.promotions.1 += 1;
            return;
        }
        self.promotions.0 += 1;
        self.masters.promote(self.redis().client());
        self.tail = AofTail::of(self.redis().server().folder());
        self.redis_links[1].set_target(self.servers.address());
        self.redis_links[1].close_connections();
    }

    fn end_former(&mut self, kill: bool, clock: Clock) {
        if self.servers.end_former(kill) {
            self.masters.end_former();
            // Connections to a former master that lives stay: the workers must notice that it is a replica.
            self.redis_links[0].set_target(self.servers.address());
            self.losses.end_promotion(clock.now());
        }
    }

    fn set_redis_links(&self, link: Link) {
        for redis in &self.redis_links {
            redis.set(link);
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
        latency: "5ms..300ms".parse().unwrap(),
        hold: Duration::from_secs(3),
        late_record: Duration::from_millis(300),
        ..Options::local()
    }
}

fn worker_settings(redis: &Proxy, vendor: &Proxy) -> Vec<(String, String)> {
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
        ("HP_RETRY__GIVE_UP_AFTER", GIVE_UP_AFTER.into()),
        ("HP_RECONCILE__SCHEDULE", "*/5 * * * * *".into()),
        ("HP_RECONCILE__STUCK_AFTER", "2s".into()),
        ("HP_LOG__FILTER", "debug".into()),
    ];
    settings
        .map(|(name, value)| (name.to_owned(), value))
        .into()
}
