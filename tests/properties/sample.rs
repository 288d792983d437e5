use std::time::Duration;

use e2e::rules;
use hp_api::{Card, CardStatus, FetchCards, Order, OrderStatus};
use hp_order::{Backoff, Policy};
use hp_queue::Rules;

/// Whoever finds this has found a card.
pub(crate) const PIN_KEY: &str = "BN62BH7A32CMD9X3";

/// Pauses of the breaker that grow, and nothing else that is short. A case is over within an hour.
pub(crate) fn settings() -> Rules {
    let rules = rules();
    Rules {
        policy: Policy {
            backoff: Backoff::new(Duration::from_secs(8), Duration::from_hours(24)).unwrap(),
            max_crashes: 2,
            clock_tolerance: Duration::from_secs(2),
            ..rules.policy
        },
        longest_processing: Duration::from_hours(1),
        ..rules
    }
}

/// HitPoints' record of an order.
pub(crate) fn order(wanted: &FetchCards) -> Box<Order> {
    let cards = wanted.quantity.to_string().parse().unwrap();
    Box::new(Order {
        hp_order_id: 417,
        out_trade_id: wanted.order_id.clone(),
        product_id: wanted.product_id,
        quantity: wanted.quantity,
        currency: (cards == 1).then(|| "CNY".parse().unwrap()),
        par_value: Some("50.00".parse().unwrap()),
        unit_price: "43.75".parse().unwrap(),
        total_price: "43.75".parse().unwrap(),
        reseller_discount: None,
        category_name: None,
        product_name: None,
        status: OrderStatus::Completed,
        create_time: Some(1_700_000_000),
        record_age: Some(Duration::ZERO),
        cards: std::iter::repeat_with(|| card(wanted))
            .take(cards)
            .collect(),
    })
}

fn card(wanted: &FetchCards) -> Card {
    Card {
        pin_sn: "T000000417K00001".parse().unwrap(),
        pin_key: String::from(PIN_KEY).into(),
        product_id: Some(wanted.product_id),
        amount: Some("50.00".parse().unwrap()),
        cost_price: Some("43.75".parse().unwrap()),
        currency: Some("CNY".parse().unwrap()),
        status: Some(CardStatus::Active),
        create_time: Some(1_700_000_000),
        expire_time: Some(1_800_000_000),
        category_name: None,
        product_name: None,
    }
}
