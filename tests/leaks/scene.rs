use base64::{Engine, engine::general_purpose::STANDARD};
use std::{collections::BTreeSet, fs, path::PathBuf};

use e2e::{Collector, Receiver, Redis, World};
use hp_api::AppSecret;
use hp_sandbox::{Options, Trigger};
use tempfile::TempDir;

use crate::{
    hostile_vendor::{HostileVendor, TRICKS},
    redis_content::remember_all_commands,
    search::{Search, Secret},
};

/// Redis with a password, the sandbox with a secret, and a hostile front end of it.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) vendor: HostileVendor,
    /// Gets the notifications.
    pub(crate) receiver: Receiver,
    /// Gets the traces.
    pub(crate) collector: Collector,
    /// Commands read and write here.
    pub(crate) folder: TempDir,
    secrets: Vec<Secret>,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let app = Secret::random("the app secret");
        let password = Secret::random("Redis' password");
        let token = Secret::random("the admin token");
        let hook = Secret::random("the path of the receiver");
        let signing = Secret::random("the text of the signing secret");
        let signing = Secret::new("the signing secret", &STANDARD.encode(&signing.text));
        let collector = Secret::random("the path of the collector");
        let headers = Secret::random("a header for the collector");
        let options = Options {
            app_secret: AppSecret::from(app.text.clone()),
            seed: rand::random(),
            hold: std::time::Duration::from_secs(1),
            late_record: std::time::Duration::from_millis(200),
            ..Options::local()
        };
        let redis = Redis::single_with(&format!("--requirepass {}", password.text));
        let world = World::with_redis(redis, options);
        remember_all_commands(&world).await;
        let vendor = HostileVendor::start(world.sandbox.addr(), &app.text).await;
        Self {
            world,
            vendor,
            receiver: Receiver::start().await,
            collector: Collector::start().await,
            folder: tempfile::tempdir().unwrap(),
            secrets: vec![app, password, token, hook, signing, collector, headers],
        }
    }

    /// Adds a secret to those that the search looks for, and returns its text.
    pub(crate) fn secret(&mut self, name: &str) -> String {
        let secret = Secret::random(name);
        let text = secret.text.clone();
        self.secrets.push(secret);
        text
    }

    pub(crate) fn add_secret(&mut self, name: &str, text: &str) {
        self.secrets.push(Secret::new(name, text));
    }

    pub(crate) fn app_secret(&self) -> &str {
        &self.secrets[0].text
    }

    pub(crate) fn password(&self) -> &str {
        &self.secrets[1].text
    }

    pub(crate) fn admin_token(&self) -> &str {
        &self.secrets[2].text
    }

    /// The address of the receiver.
    pub(crate) fn receiver_url(&self) -> String {
        format!("http://{}/{}", self.receiver.addr(), self.secrets[3].text)
    }

    pub(crate) fn signing_secret(&self) -> String {
        format!("whsec_{}", self.secrets[4].text)
    }

    /// The address of the collector.
    pub(crate) fn collector_url(&self) -> String {
        format!("{}/{}", self.collector.url(), self.secrets[5].text)
    }

    pub(crate) fn collector_headers(&self) -> String {
        format!("authorization=Bearer%20{}", self.secrets[6].text)
    }

    /// The usual settings, at the most talkative level, with these on top. The secrets are in environment variables.
    pub(crate) fn settings(&self, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let url = self.vendor.url();
        let (receiver, signing) = (self.receiver_url(), self.signing_secret());
        let (collector, headers) = (self.collector_url(), self.collector_headers());
        let talkative = [
            ("HP_API__BASE_URL", &*url),
            ("HP_API__APP_SECRET", self.app_secret()),
            ("HP_ADMIN__TOKEN", self.admin_token()),
            ("HP_NOTIFY__URL", &receiver),
            ("HP_NOTIFY__SECRET", &signing),
            ("HP_OTEL__ENDPOINT", &collector),
            ("HP_OTEL__HEADERS", &headers),
            ("HP_API__TIMEOUT", "1s"),
            ("HP_LOG__FILTER", "trace"),
            ("HP_RETRY__RESUBMIT_AFTER", "4500ms"),
            ("RUST_LOG", "trace"),
            ("RUST_BACKTRACE", "full"),
        ];
        let mut settings = self.world.settings(&[&talkative, more].concat());
        // The last one of a name counts, as in the environment of a process.
        settings.reverse();
        let mut names = BTreeSet::new();
        settings.retain(|(name, value)| names.insert(name.clone()) && !value.is_empty());
        settings
    }

    /// Writes a file, and returns its path.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Enqueues an order for each fault of the sandbox, and malformed ones. Waits for the results of those that end by
    /// themselves.
    pub(crate) async fn meet_every_fault(&self) {
        let faults = Trigger::all().map(|trigger| trigger.to_string());
        let faults = faults.filter(|fault| fault != "low-balance");
        let mut ids: Vec<_> = faults.map(|fault| format!("F~{fault}")).collect();
        ids.extend(["F~code-400124", "A-1", "A-2"].map(str::to_owned));
        for id in &ids {
            self.world.enqueue(id, 2).await;
        }
        self.world.enqueue_job(&[("order", "malformed")]).await;
        self.world.enqueue("", 1).await;
        self.world.enqueue("too-many", 99_999).await;
        let endless = ["record", "~code", "late-", "throttle"];
        ids.retain(|id| !endless.iter().any(|word| id.contains(word)));
        for id in &ids {
            self.world.result(id).await;
        }
    }

    /// Enqueues an order for each trick of the hostile front end, and waits until the worker has met all of them.
    pub(crate) async fn meet_every_trick(&self) {
        for trick in TRICKS {
            self.world.enqueue(&format!("H-{trick}"), 1).await;
        }
        for trick in TRICKS {
            let id = format!("H-{trick}");
            let met = || async {
                let record = self.world.record(&id).await;
                let is_settled = record.contains_key("cause") || record.contains_key("code");
                (is_settled || Self::has_ended(&record)).then_some(())
            };
            self.world.redis.wait_until(&id, met).await;
        }
    }

    fn has_ended(record: &e2e::Entry) -> bool {
        let state = record.get("state").map_or("", String::as_str);
        ["completed", "failed", "rejected", "expired"].contains(&state)
    }

    /// What it searches for by now: the secrets, all signatures, and the keys of all cards that were sold.
    pub(crate) fn search(&self) -> Search {
        let signatures = self.vendor.signatures().into_iter();
        let signatures = signatures.filter(|sign| sign.len() > 8);
        let mut secrets = self.secrets.clone();
        secrets.extend(signatures.map(|sign| Secret::new("a signature", &sign)));
        secrets.extend(self.cards());
        Search::new(&secrets)
    }

    /// Like [`search`](Self::search), without the keys of cards.
    pub(crate) fn search_without_cards(&self) -> Search {
        Search::new(&self.secrets)
    }

    /// The keys of all cards that were sold.
    pub(crate) fn cards(&self) -> Vec<Secret> {
        let ledger = self.world.sandbox.ledger();
        let cards = ledger.charges.iter().flat_map(|charge| {
            let name = format!("a card key of {}", charge.out_trade_id);
            let cards = charge.cards.iter();
            cards.map(move |card| Secret::new(&name, &card.pin_key))
        });
        let cards: Vec<_> = cards.collect();
        assert!(!cards.is_empty(), "nothing was sold");
        cards
    }
}
