//! The charges always add up to the change of the balances.

use std::collections::BTreeMap;

use hp_sandbox::{Duplicate, Options, Sandbox};
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::raw_client::fetch;

fn faults() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "~lost-answer",
        "~drop-before",
        "~truncated",
        "~fail-0",
        "~short-record",
        "~low-balance",
    ])
}

fn orders() -> impl Strategy<Value = Vec<(u8, u64, u32, &'static str)>> {
    let product = prop::sample::select(vec![2_u64, 5, 31, 999]);
    prop::collection::vec((0_u8..12, product, 0_u32..25, faults()), 1..30)
}

fn modes() -> impl Strategy<Value = Duplicate> {
    use Duplicate::{Charge, Exists, Locked, Replay};
    prop::sample::select(vec![Charge, Exists, Locked, Replay])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn charges_equal_the_change_of_balances(duplicate in modes(), orders in orders()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let options = Options {
                duplicate,
                balance: vec!["CNY=1500.00".parse().unwrap(), "USD=700.00".parse().unwrap()],
                ..Options::local()
            };
            let sandbox = Sandbox::start(options).unwrap();
            let before = sandbox.ledger().totals.balances;
            for (number, product, quantity, fault) in orders {
                fetch(&sandbox, &format!("A-{number}{fault}"), product, quantity).send().await;
            }
            check(&sandbox, before, duplicate);
        });
    }
}

fn check(sandbox: &Sandbox, before: BTreeMap<String, Decimal>, duplicate: Duplicate) {
    let ledger = sandbox.ledger();
    for (currency, had) in before {
        let has = ledger.totals.balances[&currency];
        let charged = ledger
            .totals
            .charged
            .get(&currency)
            .copied()
            .unwrap_or_default();
        assert_eq!(had - has, charged);
        assert!(has >= Decimal::ZERO);
    }
    let sum: Decimal = ledger.charges.iter().map(|charge| charge.total_price).sum();
    assert_eq!(sum, ledger.totals.charged.values().sum());
    if duplicate != Duplicate::Charge {
        assert!(ledger.charges.iter().all(|charge| charge.times == 1));
    }
}
