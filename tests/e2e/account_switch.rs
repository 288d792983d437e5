//! An operator gives the queue another account. Orders that may be charged on the old one stay with it.

use e2e::{Worker, World, assert_fields};
use hp_order::Event;
use hp_queue::Claim;
use hp_sandbox::{Duplicate, Options, Sandbox};
use nix::sys::signal::Signal;

use crate::{
    claims::{ENDED_LEASE, LONG_LEASE, apply_event, claim_one},
    reconcile::{charge, lost},
};

/// A queue on one account, and a second account.
struct TwoAccounts {
    world: World,
    second: Sandbox,
}

fn careless_vendor() -> Options {
    Options {
        duplicate: Duplicate::Charge,
        ..Options::local()
    }
}

impl TwoAccounts {
    /// The queue has bought `A-0` on the first account.
    async fn start() -> Self {
        let world = World::with_vendor(careless_vendor());
        let mut worker = world.worker();
        world.enqueue("A-0", 1).await;
        world.result("A-0").await;
        worker.signal(Signal::SIGTERM);
        assert!(worker.wait_for_exit().await.success());
        let second = Sandbox::start(careless_vendor()).unwrap();
        Self { world, second }
    }

    /// Runs a command with the first account. Returns its exit code and its output.
    fn old(&self, words: &[&str]) -> (i32, String) {
        run_command(words, &self.world.settings(&[]))
    }

    /// Runs a command with the second account.
    fn new(&self, words: &[&str]) -> (i32, String) {
        run_command(words, &self.new_settings())
    }

    fn new_settings(&self) -> Vec<(String, String)> {
        let address = self.second.base_url();
        self.world.settings(&[("HP_API__BASE_URL", &address)])
    }

    fn new_worker(&self) -> Worker {
        self.world
            .worker_with(&[("HP_API__BASE_URL", &self.second.base_url())])
    }

    fn switch(&self, more: &[&str]) -> (i32, String) {
        let words = ["account", "switch", "--why", "new contract", "--by", "Ada"];
        self.new(&[&words[..], more].concat())
    }

    async fn claim(&self, id: &str) -> Claim {
        self.world.enqueue(id, 1).await;
        claim_one(&self.world.ledger(), LONG_LEASE).await
    }

    async fn settle(&self, claim: &Claim, event: Event) {
        apply_event(&self.world.ledger(), claim, event).await;
    }

    /// An order in doubt that the first account has charged.
    async fn doubtful(&self, id: &str) {
        let claim = self.claim(id).await;
        charge(&self.world, &claim).await;
        self.settle(&claim, lost()).await;
    }

    fn second_charges(&self, id: &str) -> usize {
        let ledger = self.second.ledger();
        let charges = ledger.charges.iter();
        charges.filter(|charge| charge.out_trade_id == id).count()
    }

    async fn account(&self) -> String {
        self.world
            .redis
            .command(&["HGET", "{hp}:queue", "account"])
            .await
    }
}

fn run_command(words: &[&str], settings: &[(String, String)]) -> (i32, String) {
    let output = Worker::output(words, settings);
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(text).unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn switch_needs_settings_of_another_account() {
    let accounts = TwoAccounts::start().await;
    let (code, text) = accounts.old(&["account", "switch", "--why", "x"]);
    assert!(code == 2 && text.contains("already"), "{text}");
    let unused = World::start();
    let words = ["account", "switch", "--why", "x"];
    let (code, text) = run_command(&words, &unused.settings(&[]));
    assert!(code == 2 && text.contains("no account yet"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn switch_is_refused_while_orders_are_in_doubt() {
    let accounts = TwoAccounts::start().await;
    accounts.doubtful("A-1").await;
    let _submitting = accounts.claim("A-2").await;
    let (code, text) = accounts.switch(&[]);
    assert_eq!(code, 1, "{text}");
    for words in [
        "A-1  uncertain",
        "A-2  submitting",
        "2 orders",
        "--move-to-review",
    ] {
        assert!(text.contains(words), "no `{words}` in: {text}");
    }
    assert_eq!(
        accounts.account().await,
        accounts.world.account().to_string()
    );
    assert_eq!(accounts.world.record("A-1").await["state"], "uncertain");
    let (code, text) = accounts.switch(&["--json"]);
    let switch: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (code, &switch["switched"], &switch["in_doubt"]),
        (1, &false.into(), &2.into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn switch_moves_orders_in_doubt_to_review() {
    let accounts = TwoAccounts::start().await;
    let world = &accounts.world;
    accounts.doubtful("A-1").await;
    let _submitting = accounts.claim("A-2").await;
    let waiting = accounts.claim("A-3").await;
    accounts.settle(&waiting, Event::Released).await;
    let (code, text) = accounts.switch(&["--move-to-review"]);
    assert_eq!(code, 0, "{text}");
    for (id, cause) in [("A-1", "lost"), ("A-2", "worker_died")] {
        let record = world.record(id).await;
        assert_fields!(record, { "state": "review", "cause": cause, "account": world.account().as_str() });
        assert!(record["message"].contains(world.account().as_str()));
        assert!(record["history"].contains("account switched by Ada: new contract"));
        let (_, shown) = accounts.new(&["order", id]);
        assert!(
            shown.contains("account switched by Ada: new contract"),
            "{shown}"
        );
    }
    let queue: e2e::Entry = world.redis.command(&["HGETALL", "{hp}:queue"]).await;
    assert_fields!(queue, { "switched_by": "Ada", "switched_why": "new contract" });
    let charged: u64 = world.redis.command(&["EXISTS", "{hp}:charged"]).await;
    assert_eq!(charged, 0, "the control belongs to the old account");

    // Nothing of the new account touches the orders of the old one; the others go on.
    let _worker = accounts.new_worker();
    let result = world.result("A-3").await;
    assert_fields!(result, { "status": "completed" });
    assert_eq!(accounts.second_charges("A-3"), 1);
    let (code, text) = accounts.new(&["reconcile", "--once"]);
    assert_eq!(code, 1, "{text}");
    for id in ["A-1", "A-2"] {
        assert_eq!(world.record(id).await["state"], "review");
        assert_eq!(accounts.second_charges(id), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn order_of_old_account_is_resolved_with_it() {
    let accounts = TwoAccounts::start().await;
    let world = &accounts.world;
    accounts.doubtful("A-1").await;
    let never_sent = accounts.claim("A-2").await;
    accounts.settle(&never_sent, lost()).await;
    assert_eq!(accounts.switch(&["--move-to-review"]).0, 0);
    for (id, words) in [
        (
            "A-1",
            &["resolve", "A-1", "--as", "not-charged", "--why", "x"][..],
        ),
        ("A-1", &["resolve", "A-1", "--as", "resubmit", "--why", "x"]),
        (
            "A-1",
            &["resolve", "A-1", "--as", "completed", "--why", "x"],
        ),
        ("A-1", &["retry", "A-1"]),
    ] {
        let (code, text) = accounts.new(words);
        assert!(
            code == 1 && text.contains("only that account"),
            "{words:?}: {text}"
        );
        assert_eq!(world.record(id).await["state"], "review");
    }
    let resolve = ["resolve", "A-1", "--as", "completed", "--why", "ticket 42"];
    let (code, text) = accounts.old(&resolve);
    assert_eq!(code, 0, "{text}");
    assert_fields!(world.result("A-1").await, { "status": "completed", "pin_count": 1 });

    // The old account denies the order, so it may be bought on the new one.
    let key = "{hp}:order:A-2";
    world
        .redis
        .command::<u64>(&["HSET", key, "submitted_at", "1"])
        .await;
    let resolve = ["resolve", "A-2", "--as", "resubmit", "--why", "ticket 43"];
    let (code, text) = accounts.old(&resolve);
    assert_eq!(code, 0, "{text}");
    let _worker = accounts.new_worker();
    assert_fields!(world.result("A-2").await, { "status": "completed" });
    assert_eq!(
        (world.charge_count("A-2"), accounts.second_charges("A-2")),
        (0, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn old_account_resolves_only_its_own_orders() {
    let accounts = TwoAccounts::start().await;
    assert_eq!(accounts.switch(&[]).0, 0);
    let worker = accounts.new_worker();
    accounts.world.enqueue("B-1", 1).await;
    accounts.world.result("B-1").await;
    drop(worker);
    let (code, text) = accounts.old(&["resolve", "B-1", "--as", "completed", "--why", "x"]);
    assert!(code == 1 && text.contains("ended"), "{text}");
    for (name, value) in [("state", "review"), ("message", "doubt")] {
        let words = ["HSET", "{hp}:order:B-1", name, value];
        accounts.world.redis.command::<u64>(&words).await;
    }
    let (code, text) = accounts.old(&["resolve", "B-1", "--as", "not-charged", "--why", "x"]);
    assert!(
        code == 1 && text.contains(&accounts.second.base_url()),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn running_worker_settles_after_a_switch() {
    let accounts = TwoAccounts::start().await;
    let submitting = accounts.claim("A-1").await;
    assert_eq!(accounts.switch(&["--move-to-review"]).0, 0);
    // The answer of the old account arrives: it is the truth.
    let order = charge(&accounts.world, &submitting).await;
    let answered = Event::Submitted(hp_api::Outcome::Charged(Box::new(order)));
    accounts.settle(&submitting, answered).await;
    assert_fields!(accounts.world.result("A-1").await, { "status": "completed" });
}

#[tokio::test(flavor = "multi_thread")]
async fn replay_of_old_account_is_not_retried() {
    let accounts = TwoAccounts::start().await;
    let world = &accounts.world;
    assert_eq!(accounts.switch(&[]).0, 0);
    let (code, text) = accounts.new(&["republish", "A-0"]);
    assert!(
        code == 1 && text.contains("the cards are at account"),
        "{text}"
    );
    world.redis.command::<u64>(&["DEL", "{hp}:results"]).await;
    let worker = accounts.new_worker();
    world.enqueue("A-0", 1).await;
    worker
        .wait_for_log("only another account has the cards")
        .await;
    let parked: String = world
        .redis
        .command(&["ZSCORE", "{hp}:schedule", "A-0"])
        .await;
    assert_eq!(parked, "inf");
    world.enqueue("A-1", 1).await;
    world.result("A-1").await;
    assert_eq!(world.record("A-0").await["state"], "completed");
    assert_eq!(accounts.second_charges("A-0"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn audit_leaves_out_orders_of_old_account() {
    let accounts = TwoAccounts::start().await;
    assert_eq!(accounts.switch(&[]).0, 0);
    let (code, text) = accounts.new(&["reconcile", "--audit", "--since", "1h", "--json"]);
    assert_eq!(code, 0, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn forgotten_submission_stays_with_old_account() {
    let mut accounts = TwoAccounts::start().await;
    let released = accounts.claim("A-1").await;
    accounts.settle(&released, Event::Released).await;
    // Redis may have forgotten a submission to the old account when it restarts.
    accounts.world.redis.crash_and_restart();
    let ledger = accounts.world.ledger();
    crate::claims::reconnect(&ledger).await;
    assert_eq!(accounts.switch(&[]).0, 0);
    let _worker = accounts.new_worker();
    let record = accounts.world.wait_for_state("A-1", "review").await;
    assert_fields!(record, { "account": accounts.world.account().as_str() });
    assert_eq!(accounts.second_charges("A-1"), 0);
    let claims = ledger.report_alive("a test", ENDED_LEASE).await;
    assert!(claims.is_ok());
}
