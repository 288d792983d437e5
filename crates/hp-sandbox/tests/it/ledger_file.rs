//! The file that keeps the ledger over a restart.

use std::fs;
use std::path::{Path, PathBuf};

use hp_sandbox::{Balance, Ledger, Options, Sandbox};
use rust_decimal::Decimal;
use serde_json::Value;

use crate::raw_client::{fetch, pin, query};

fn options(path: &Path) -> Options {
    Options {
        ledger: Some(path.to_owned()),
        balance: vec!["CNY=100".parse::<Balance>().unwrap()],
        ..Options::local()
    }
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("hp-sandbox-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("ledger.ndjson")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The ledger, and the data that a query shows of each order.
async fn state(sandbox: &Sandbox, ids: &[&str]) -> (Ledger, Vec<Value>) {
    let mut orders = Vec::new();
    for id in ids {
        orders.push(query(sandbox, id).answer().await.data());
    }
    (sandbox.ledger(), orders)
}

#[tokio::test]
async fn ledger_file_survives_a_restart() {
    let folder = Folder::new("restart");
    let ids = [
        "A-1",
        "A-2~wrong-record",
        "A-3~short-record",
        "A-4~lost-answer",
    ];
    let sandbox = Sandbox::start(options(&folder.file())).unwrap();
    for id in ids {
        fetch(&sandbox, id, 2, 2).send().await;
    }
    sandbox.set_balance("CNY", Decimal::from(19)).unwrap();
    sandbox.set_balance("USD", Decimal::from(7)).unwrap();
    assert_eq!(fetch(&sandbox, "A-5", 2, 2).code().await, 200);
    let before = state(&sandbox, &ids).await;
    assert_eq!(before.0.totals.orders, 5);
    sandbox.stop().await;

    let sandbox = Sandbox::start(options(&folder.file())).unwrap();
    assert_eq!(state(&sandbox, &ids).await, before);
    // The id is known, the balance is used up, the cards are there, and a new order gets the next number.
    assert_eq!(fetch(&sandbox, "A-1", 2, 2).code().await, 400_104);
    assert_eq!(fetch(&sandbox, "A-6", 2, 1).code().await, 400_113);
    let serial = before.0.charge("A-1").unwrap().cards[0].pin_sn.clone();
    assert_eq!(pin(&sandbox, &serial).code().await, 200);
    sandbox.set_balance("CNY", Decimal::from(100)).unwrap();
    assert_eq!(fetch(&sandbox, "A-6", 2, 1).code().await, 200);
    assert_eq!(sandbox.ledger().charge("A-6").unwrap().order_ids, [6]);
}

#[tokio::test]
async fn ledger_line_that_a_kill_cut_off_is_dropped() {
    let folder = Folder::new("torn");
    let sandbox = Sandbox::start(options(&folder.file())).unwrap();
    assert_eq!(fetch(&sandbox, "A-1", 2, 1).code().await, 200);
    sandbox.stop().await;
    let whole = fs::read_to_string(folder.file()).unwrap();
    fs::write(folder.file(), format!("{whole}{{\"charge\":{{\"out_tr")).unwrap();
    let sandbox = Sandbox::start(options(&folder.file())).unwrap();
    assert_eq!(fetch(&sandbox, "A-2", 2, 1).code().await, 200);
    sandbox.stop().await;
    let sandbox = Sandbox::start(options(&folder.file())).unwrap();
    assert_eq!(sandbox.ledger().totals.charges, 2);
}

#[tokio::test]
async fn unusable_ledger_file_is_refused_by_name() {
    let folder = Folder::new("refused");
    let error = |options: Options| match Sandbox::start(options) {
        Ok(_) => panic!("the file is used"),
        Err(error) => error.to_string(),
    };
    let first = Sandbox::start(options(&folder.file())).unwrap();
    let why = error(options(&folder.file()));
    assert!(why.contains("another sandbox uses it"), "{why}");
    first.stop().await;
    let why = error(Options {
        seed: 2,
        ..options(&folder.file())
    });
    assert!(
        why.contains("--seed 1") && why.contains("ledger.ndjson"),
        "{why}"
    );
    fs::write(folder.file(), "order_id,product_id\n").unwrap();
    let why = error(options(&folder.file()));
    assert!(why.contains("no ledger of a sandbox"), "{why}");
    // A device has no end.
    let why = error(options(Path::new("/dev/zero")));
    assert!(why.contains("no regular file"), "{why}");
    let why = error(options(Path::new("/nowhere/ledger")));
    assert!(why.contains("/nowhere/ledger"), "{why}");
}
