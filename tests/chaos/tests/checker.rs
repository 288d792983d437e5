//! The check finds the one fault of each wrong history.

use crate::{
    check::{Promise, check},
    history::{History, PublishedResult},
    workload::Purpose,
};

use super::sample::{
    KEY, SECRET, TIME, charge, completed, correct_history, entry, order, replay, submission,
};

/// The promises that a changed history breaks, each once.
pub(super) fn broken_promises(corrupt: impl FnOnce(&mut History)) -> Vec<Promise> {
    let mut history = correct_history();
    corrupt(&mut history);
    let mut broken_promises: Vec<_> = check(&history)
        .iter()
        .map(|violation| violation.promise)
        .collect();
    broken_promises.sort();
    broken_promises.dedup();
    broken_promises
}

/// Changes a field of the first result of the completed order, at the end and as it was read.
fn set_result_field(history: &mut History, name: &str, value: &str) {
    for published in history.published.iter_mut().chain(&mut history.consumed) {
        if published.id() == "done" && published.get("reason").is_empty() {
            published.fields.insert(name.into(), value.into());
        }
    }
}

/// Removes the results of an order from the streams, but not from the entries that were read.
pub(super) fn forget_results(history: &mut History, id: &str) {
    history.published.retain(|published| published.id() != id);
    history.records.remove(id);
}

/// Changes a field of a ledger record.
fn set_record_field(history: &mut History, id: &str, name: &str, value: &str) {
    let record = history.records.get_mut(id).unwrap();
    record.insert(name.into(), value.into());
}

fn first(history: &mut History) -> &mut PublishedResult {
    &mut history.published[0]
}

#[test]
fn correct_history_breaks_no_promise() {
    assert_eq!(check(&correct_history()), []);
}

#[test]
fn second_charge_is_found() {
    assert_eq!(
        broken_promises(|h| h.charges[0].times = 2),
        [Promise::NeverTwice]
    );
    assert_eq!(
        broken_promises(|h| h.charges[1].times = 2),
        [Promise::NeverTwice]
    );
}

#[test]
fn unfinished_order_is_lost() {
    let lost: [fn(&mut History); 9] = [
        |h| h.orders.push(order("ignored", 2, 1)),
        |h| h.inbox.push(entry(&[("order_id", "done")])),
        |h| set_record_field(h, "contradicted", "state", "waiting"),
        |h| h.open.clear(),
        |h| h.schedule.clear(),
        |h| h.open.push("done".into()),
        |h| h.open.push("nobody".into()),
        |h| h.schedule.extend([("done".to_owned(), 1.0)]),
        |h| set_record_field(h, "contradicted", "result", "1700000000000-9"),
    ];
    for (n, corrupt) in lost.into_iter().enumerate() {
        assert_eq!(broken_promises(corrupt), [Promise::NeverLost], "number {n}");
    }
}

#[test]
fn ended_order_without_result_is_lost() {
    for (name, value) in [("result", "1700000000000-9"), ("state", "failed")] {
        assert_eq!(
            broken_promises(|h| set_record_field(h, "done", name, value)),
            [Promise::NeverLost]
        );
    }
}

#[test]
fn charge_without_result_is_lost() {
    let without_result = |h: &mut History| {
        forget_results(h, "done");
        h.consumed.retain(|published| published.id() != "done");
        h.submissions
            .retain(|(submission, _)| submission.id != "done");
    };
    assert_eq!(broken_promises(without_result), [Promise::NeverLost]);
}

#[test]
fn result_may_vanish_only_when_redis_lost_writes() {
    assert_eq!(
        broken_promises(|h| forget_results(h, "done")),
        [Promise::NeverLost]
    );
    let excused = |h: &mut History| {
        forget_results(h, "done");
        h.losses.push((TIME - 1000, TIME + 1000));
    };
    assert_eq!(broken_promises(excused), []);
    let too_early = |h: &mut History| {
        forget_results(h, "done");
        h.losses.push((TIME + 1000, TIME + 2000));
    };
    assert_eq!(broken_promises(too_early), [Promise::NeverLost]);
}

#[test]
fn unanswered_invalid_entry_is_lost() {
    for purpose in [Purpose::Conflict, Purpose::Invalid, Purpose::NoId] {
        let unanswered = |h: &mut History| h.submissions.push(submission("refused", purpose));
        assert_eq!(
            broken_promises(unanswered),
            [Promise::NeverLost],
            "{purpose:?}"
        );
        let lost = |h: &mut History| {
            unanswered(h);
            h.losses.push((TIME, TIME));
        };
        assert_eq!(broken_promises(lost), [], "{purpose:?}");
    }
}

#[test]
fn purchase_unknown_to_vendor_is_made_up() {
    let card = |key: &str, amount: &str| {
        format!(r#"{{"pin_sn":"done-2","pin_key":"{key}","amount":"{amount}"}}"#)
    };
    let (valid, other) = (
        card(&format!("{}2", &KEY[..15]), "10.00"),
        card("ABCDEFGHJKLMNPQ9", "10.00"),
    );
    let dearer = card(&format!("{}2", &KEY[..15]), "100.00");
    let fields = [
        ("hp_order_id", "6".into()),
        ("currency", "USD".into()),
        ("unit_price", "9.40".into()),
        ("total_price", "9.50".into()),
        ("pin_count", "1".into()),
        ("pins", format!("[{valid}]")),
        ("pins", format!("[{valid},{valid}]")),
        ("pins", format!("[{valid},{other}]")),
        ("pins", format!("[{valid},{dearer}]")),
        ("pins", "no JSON".into()),
        ("product_id", "5".into()),
        ("quantity", "1".into()),
        ("meta", "basket 8".into()),
        ("traceparent", "never sent".into()),
        ("status", "paid".into()),
    ];
    for (name, value) in fields {
        let broken_promises = broken_promises(|h| set_result_field(h, name, &value));
        assert!(
            broken_promises.contains(&Promise::NeverMadeUp),
            "{name} {value}: {broken_promises:?}"
        );
    }
}

#[test]
fn completed_order_without_charge_is_made_up() {
    assert_eq!(
        broken_promises(|h| drop(h.charges.remove(0))),
        [Promise::NeverMadeUp]
    );
}

#[test]
fn charge_of_uncharged_order_is_made_up() {
    assert_eq!(
        broken_promises(|h| h.charges.push(charge("refused", 31, 1))),
        [Promise::NeverMadeUp]
    );
    assert_eq!(
        broken_promises(|h| h.charges.push(charge("unknown", 777, 1))),
        [Promise::NeverMadeUp]
    );
}

#[test]
fn unordered_charge_is_made_up() {
    assert_eq!(
        broken_promises(|h| h.charges.push(charge("stranger", 2, 1))),
        [Promise::NeverMadeUp]
    );
    assert_eq!(
        broken_promises(|h| h.charges[1].quantity = 2),
        [Promise::NeverMadeUp]
    );
    assert_eq!(
        broken_promises(|h| h.charges[1].product_id = 2),
        [Promise::NeverMadeUp]
    );
    let of_stranger = |h: &mut History| {
        let mut published = h.published[2].clone();
        published.entry = "1700000000000-9".into();
        published.fields.extend(entry(&[("order_id", "stranger")]));
        h.published.push(published);
    };
    assert_eq!(broken_promises(of_stranger), [Promise::NeverMadeUp]);
}

#[test]
fn result_in_wrong_stream_is_made_up() {
    assert_eq!(
        broken_promises(|h| first(h).stream = "{hp}:results:till-1".into()),
        [Promise::NeverMadeUp]
    );
}

#[test]
fn replay_must_equal_first_result() {
    let differently = |h: &mut History| {
        h.published[5]
            .fields
            .extend(entry(&[("total_price", "9.50")]));
    };
    assert_eq!(broken_promises(differently), [Promise::NeverMadeUp]);
    let of_nothing = |h: &mut History| {
        h.published[5]
            .fields
            .extend(entry(&[("replay_of", "1700000000000-9")]));
    };
    assert_eq!(broken_promises(of_nothing), [Promise::NeverMadeUp]);
    assert_eq!(
        broken_promises(|h| h.published.push(replay("1700000000000-6"))),
        []
    );
}

/// Replaces the result of an order by one that was published again after a loss.
fn publish_again(history: &mut History, id: &str, fields: &[(&str, &str)]) {
    let mut again = history
        .published
        .iter()
        .find(|published| published.id() == id)
        .unwrap()
        .clone();
    again.entry = "1700000009000-0".into();
    again.fields.extend(entry(fields));
    forget_results(history, id);
    history.losses.push((TIME, TIME));
    history.published.push(again);
}

#[test]
fn result_published_again_must_be_equal() {
    assert_eq!(broken_promises(|h| publish_again(h, "done", &[])), []);
    let wrong = [("status", "failed"), ("hp_order_id", "6"), ("pins", "[]")];
    for wrong in wrong {
        let broken_promises = broken_promises(|h| publish_again(h, "done", &[wrong]));
        assert_eq!(broken_promises, [Promise::NeverMadeUp], "{wrong:?}");
    }
    let charged = |h: &mut History| {
        h.charges.push(charge("refused", 31, 1));
        publish_again(h, "refused", &[("status", "completed")]);
    };
    assert_eq!(broken_promises(charged), [Promise::NeverMadeUp]);
}

#[test]
fn reason_may_change_when_published_again() {
    let other = [("status", "rejected"), ("reason", "quantity_over_limit")];
    assert_eq!(broken_promises(|h| publish_again(h, "refused", &other)), []);
}

#[test]
fn changed_result_is_made_up() {
    let changed = |h: &mut History| {
        h.consumed[2]
            .fields
            .extend(entry(&[("message", "something else")]));
    };
    assert_eq!(broken_promises(changed), [Promise::NeverMadeUp]);
}

#[test]
fn rejected_valid_entry_is_made_up() {
    let rejected = |h: &mut History| {
        let mut published = h.published[4].clone();
        published.entry = "1700000000000-9".into();
        published.fields.extend(entry(&[("order_id", "refused")]));
        h.published.push(published);
    };
    assert_eq!(broken_promises(rejected), [Promise::NeverMadeUp]);
}

#[test]
fn second_first_result_is_found_in_any_stream() {
    for stream in ["{hp}:results", "{hp}:results:till-1"] {
        let twice = |h: &mut History| {
            let mut published = completed("1700000000000-9");
            published.stream = stream.into();
            h.published.push(published);
        };
        assert!(
            broken_promises(twice).contains(&Promise::OneResult),
            "{stream}"
        );
    }
}

#[test]
fn result_of_order_in_review_is_found() {
    let both = |h: &mut History| {
        let mut published = h.published[2].clone();
        published.entry = "1700000000000-9".into();
        published
            .fields
            .extend(entry(&[("order_id", "contradicted")]));
        h.published.push(published);
    };
    assert!(broken_promises(both).contains(&Promise::NeverLost));
}

#[test]
fn leaked_card_key_or_secret_is_found() {
    let key = format!("{}2", &KEY[..15]);
    for text in [
        key.clone(),
        format!("\"pin_key\":\"{key}\""),
        format!("XX{key}99"),
        format!("url=redis://:{SECRET}@x"),
    ] {
        assert_eq!(
            broken_promises(|h| h.texts[0].1 += &text),
            [Promise::NeverLeaked],
            "{text}"
        );
        let in_result =
            |h: &mut History| h.published[2].fields.extend(entry(&[("message", &text)]));
        assert!(
            broken_promises(in_result).contains(&Promise::NeverLeaked),
            "{text}"
        );
    }
}

#[test]
fn violation_hides_card_keys() {
    let key = format!("{}2", &KEY[..15]);
    let mut history = correct_history();
    history.texts[0].1 += &key;
    set_result_field(&mut history, "pins", &format!("[{key}]"));
    let violations = check(&history);
    assert!(!violations.is_empty());
    assert!(
        violations
            .iter()
            .all(|violation| !violation.to_string().contains(&key))
    );
}
