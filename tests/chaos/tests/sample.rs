//! A correct history and its parts.

use e2e::Entry;
use hp_sandbox::{Charge, LedgerCard};

use crate::{
    history::{History, PublishedResult},
    workload::{Order, Purpose, Submission},
};

pub(crate) const KEY: &str = "ABCDEFGHJKLMNPQR";
pub(crate) const SECRET: &str = "hush-hush";

/// The time of the entries in the sample. A loss is a time around it.
pub(crate) const TIME: u64 = 1_700_000_000_000;

/// Four orders (completed, rejected, failed, in review), a conflict, an invalid entry, one without an id, and a replay.
pub(crate) fn correct_history() -> History {
    let orders = vec![
        order("done", 2, 2),
        order("unknown", 777, 1),
        order("refused", 31, 1),
        order("contradicted", 9, 3),
    ];
    let published = vec![
        completed("1700000000000-0"),
        published(
            "1700000000000-1",
            "unknown",
            &[
                ("status", "rejected"),
                ("reason", "unknown_product"),
                ("product_id", "777"),
            ],
        ),
        published(
            "1700000000000-2",
            "refused",
            &[
                ("status", "failed"),
                ("reason", "refused"),
                ("product_id", "31"),
            ],
        ),
        published(
            "1700000000000-3",
            "done",
            &[
                ("status", "conflict"),
                ("reason", "order_id_conflict"),
                ("quantity", "3"),
            ],
        ),
        published(
            "1700000000000-4",
            "odd",
            &[
                ("status", "rejected"),
                ("reason", "invalid_job"),
                ("quantity", "few"),
            ],
        ),
        replay("1700000000000-5"),
    ];
    History {
        consumed: published.clone(),
        records: [
            record("done", "completed", "1700000000000-0"),
            record("unknown", "rejected", "1700000000000-1"),
            record("refused", "failed", "1700000000000-2"),
            record("contradicted", "review", ""),
        ]
        .into(),
        published,
        submissions: orders
            .iter()
            .map(|order| submission(&order.id, Purpose::Buy))
            .chain([
                submission("done", Purpose::Conflict),
                submission("odd", Purpose::Invalid),
                submission("no name", Purpose::NoId),
            ])
            .collect(),
        orders,
        charges: vec![charge("done", 2, 2), charge("contradicted", 9, 3)],
        rejected: vec![entry(&[("order_id", "no name")])],
        open: vec!["contradicted".into()],
        schedule: [("contradicted".into(), f64::INFINITY)].into(),
        texts: vec![(
            "worker.log".into(),
            "bought done, cards T000000001K00001\n".into(),
        )],
        secrets: vec![SECRET.into()],
        ..History::default()
    }
}

pub(crate) fn order(id: &str, product: u64, quantity: u32) -> Order {
    Order {
        id: id.into(),
        product,
        quantity,
        meta: (id == "done").then(|| "basket 7".into()),
        ..Order::default()
    }
}

pub(crate) fn submission(id: &str, purpose: Purpose) -> (Submission, Vec<u64>) {
    let submission = Submission {
        at: std::time::Duration::ZERO,
        purpose,
        id: id.into(),
        fields: Vec::new(),
    };
    (submission, vec![TIME])
}

pub(crate) fn charge(id: &str, product_id: u64, quantity: u32) -> Charge {
    let card = |n| LedgerCard {
        pin_sn: format!("{id}-{n}"),
        pin_key: format!("{}{n}", &KEY[..15]),
    };
    Charge {
        out_trade_id: id.into(),
        product_id,
        quantity,
        currency: "CNY".into(),
        total_price: 19.into(),
        times: 1,
        order_ids: vec![5],
        cards: (2..2 + quantity).map(card).collect(),
    }
}

pub(crate) fn entry(fields: &[(&str, &str)]) -> Entry {
    fields
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect()
}

fn published(id: &str, order: &str, fields: &[(&str, &str)]) -> PublishedResult {
    let mut all = entry(&[("order_id", order), ("product_id", "2"), ("quantity", "1")]);
    all.extend(entry(fields));
    PublishedResult {
        stream: "{hp}:results".into(),
        entry: id.into(),
        read: TIME,
        only_on_former: false,
        fields: all,
    }
}

pub(crate) fn completed(id: &str) -> PublishedResult {
    let pins = charge("done", 2, 2).cards.into_iter().map(|card| {
        format!(
            r#"{{"pin_sn":"{}","pin_key":"{}","amount":"10.00"}}"#,
            card.pin_sn, card.pin_key
        )
    });
    let pins = format!("[{}]", pins.collect::<Vec<_>>().join(","));
    let fields = [
        ("status", "completed"),
        ("quantity", "2"),
        ("hp_order_id", "5"),
        ("currency", "CNY"),
        ("unit_price", "9.50"),
        ("total_price", "19.00"),
        ("pin_count", "2"),
        ("pins", &pins),
        ("meta", "basket 7"),
    ];
    published(id, "done", &fields)
}

pub(crate) fn replay(id: &str) -> PublishedResult {
    let mut replay = completed(id);
    replay
        .fields
        .insert("replay_of".into(), "1700000000000-0".into());
    replay
}

fn record(id: &str, state: &str, result: &str) -> (String, Entry) {
    let mut record = entry(&[("state", state)]);
    if !result.is_empty() {
        record.insert("result".into(), result.into());
    }
    (id.into(), record)
}
