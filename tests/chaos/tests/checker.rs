//! The checker is shown histories that are wrong in one way, and has to say so.

use crate::{
    check::{Promise, check},
    history::{ClaimSkip, History},
    orders::Purpose,
};

use super::sample::{KEY, NOON, SECRET, charge, completed, entry, order, put, replay, right};

/// The promises that a history breaks, each once.
fn broken(spoil: impl FnOnce(&mut History)) -> Vec<Promise> {
    let mut history = right();
    spoil(&mut history);
    let mut broken: Vec<_> = check(&history)
        .iter()
        .map(|violation| violation.promise)
        .collect();
    broken.sort();
    broken.dedup();
    broken
}

/// Changes a field wherever the first result of the completed order stands.
fn retold(history: &mut History, name: &str, value: &str) {
    for told in history.told.iter_mut().chain(&mut history.live) {
        if told.id() == "done" && told.get("reason").is_empty() {
            told.fields.insert(name.into(), value.into());
        }
    }
}

/// Takes all that was told of an order out of the streams, but not out of what was read.
fn forgotten(history: &mut History, id: &str) {
    history.told.retain(|told| told.id() != id);
    history.records.remove(id);
}

/// Changes a field of a ledger record.
fn noted(history: &mut History, id: &str, name: &str, value: &str) {
    let record = history.records.get_mut(id).unwrap();
    record.insert(name.into(), value.into());
}

fn first(history: &mut History) -> &mut ClaimSkip {
    &mut history.told[0]
}

#[test]
fn a_right_history_breaks_no_promise() {
    assert_eq!(check(&right()), []);
}

#[test]
fn a_second_charge_is_seen() {
    assert_eq!(broken(|h| h.charges[0].times = 2), [Promise::NeverTwice]);
    assert_eq!(broken(|h| h.charges[1].times = 2), [Promise::NeverTwice]);
}

#[test]
fn an_order_without_an_end_is_lost() {
    let lost: [fn(&mut History); 9] = [
        |h| h.orders.push(order("ignored", 2, 1)),
        |h| h.inbox.push(entry(&[("order_id", "done")])),
        |h| noted(h, "contradicted", "state", "waiting"),
        |h| h.open.clear(),
        |h| h.schedule.clear(),
        |h| h.open.push("done".into()),
        |h| h.open.push("nobody".into()),
        |h| h.schedule.extend([("done".to_owned(), 1.0)]),
        |h| noted(h, "contradicted", "result", "1700000000000-9"),
    ];
    for (n, spoil) in lost.into_iter().enumerate() {
        assert_eq!(broken(spoil), [Promise::NeverLost], "number {n}");
    }
}

#[test]
fn an_ended_order_without_its_result_is_lost() {
    for (name, value) in [("result", "1700000000000-9"), ("state", "failed")] {
        assert_eq!(
            broken(|h| noted(h, "done", name, value)),
            [Promise::NeverLost]
        );
    }
}

#[test]
fn a_charge_that_nobody_was_told_of_is_lost() {
    let silent = |h: &mut History| {
        forgotten(h, "done");
        h.live.retain(|told| told.id() != "done");
        h.puts.retain(|(put, _)| put.id != "done");
    };
    assert_eq!(broken(silent), [Promise::NeverLost]);
}

#[test]
fn a_result_that_was_read_may_be_gone_only_if_redis_lost_its_tail() {
    assert_eq!(broken(|h| forgotten(h, "done")), [Promise::NeverLost]);
    let excused = |h: &mut History| {
        forgotten(h, "done");
        h.losses.push((NOON - 1000, NOON + 1000));
    };
    assert_eq!(broken(excused), []);
    let too_early = |h: &mut History| {
        forgotten(h, "done");
        h.losses.push((NOON + 1000, NOON + 2000));
    };
    assert_eq!(broken(too_early), [Promise::NeverLost]);
}

#[test]
fn an_entry_that_makes_no_order_is_to_be_answered_unless_redis_lost_it() {
    for purpose in [Purpose::Conflict, Purpose::Invalid, Purpose::Nameless] {
        let unanswered = |h: &mut History| h.puts.push(put("refused", purpose));
        assert_eq!(broken(unanswered), [Promise::NeverLost], "{purpose:?}");
        let lost = |h: &mut History| {
            unanswered(h);
            h.losses.push((NOON, NOON));
        };
        assert_eq!(broken(lost), [], "{purpose:?}");
    }
}

#[test]
fn a_purchase_that_is_not_the_vendors_is_made_up() {
    let card = |key: &str, amount: &str| {
        format!(r#"{{"pin_sn":"done-2","pin_key":"{key}","amount":"{amount}"}}"#)
    };
    let (right, other) = (
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
        ("pins", format!("[{right}]")),
        ("pins", format!("[{right},{right}]")),
        ("pins", format!("[{right},{other}]")),
        ("pins", format!("[{right},{dearer}]")),
        ("pins", "no JSON".into()),
        ("product_id", "5".into()),
        ("quantity", "1".into()),
        ("meta", "basket 8".into()),
        ("traceparent", "never sent".into()),
        ("status", "paid".into()),
    ];
    for (name, value) in fields {
        let broken = broken(|h| retold(h, name, &value));
        assert!(
            broken.contains(&Promise::NeverMadeUp),
            "{name} {value}: {broken:?}"
        );
    }
}

#[test]
fn a_completed_order_without_a_charge_is_made_up() {
    assert_eq!(
        broken(|h| drop(h.charges.remove(0))),
        [Promise::NeverMadeUp]
    );
}

#[test]
fn a_charged_order_that_is_told_as_not_charged_is_made_up() {
    assert_eq!(
        broken(|h| h.charges.push(charge("refused", 31, 1))),
        [Promise::NeverMadeUp]
    );
    assert_eq!(
        broken(|h| h.charges.push(charge("unknown", 777, 1))),
        [Promise::NeverMadeUp]
    );
}

#[test]
fn what_nobody_ordered_is_made_up() {
    assert_eq!(
        broken(|h| h.charges.push(charge("stranger", 2, 1))),
        [Promise::NeverMadeUp]
    );
    assert_eq!(
        broken(|h| h.charges[1].quantity = 2),
        [Promise::NeverMadeUp]
    );
    assert_eq!(
        broken(|h| h.charges[1].product_id = 2),
        [Promise::NeverMadeUp]
    );
    let of_stranger = |h: &mut History| {
        let mut told = h.told[2].clone();
        told.entry = "1700000000000-9".into();
        told.fields.extend(entry(&[("order_id", "stranger")]));
        h.told.push(told);
    };
    assert_eq!(broken(of_stranger), [Promise::NeverMadeUp]);
}

#[test]
fn the_wrong_stream_is_no_answer() {
    assert_eq!(
        broken(|h| first(h).stream = "{hp}:results:till-1".into()),
        [Promise::NeverMadeUp]
    );
}

#[test]
fn a_replay_says_what_the_first_result_said() {
    let differently = |h: &mut History| {
        h.told[5].fields.extend(entry(&[("total_price", "9.50")]));
    };
    assert_eq!(broken(differently), [Promise::NeverMadeUp]);
    let of_nothing = |h: &mut History| {
        h.told[5]
            .fields
            .extend(entry(&[("replay_of", "1700000000000-9")]));
    };
    assert_eq!(broken(of_nothing), [Promise::NeverMadeUp]);
    assert_eq!(broken(|h| h.told.push(replay("1700000000000-6"))), []);
}

/// Redis forgets the result of an order, and it is told again.
fn told_again(history: &mut History, id: &str, fields: &[(&str, &str)]) {
    let mut again = history
        .told
        .iter()
        .find(|told| told.id() == id)
        .unwrap()
        .clone();
    again.entry = "1700000009000-0".into();
    again.fields.extend(entry(fields));
    forgotten(history, id);
    history.losses.push((NOON, NOON));
    history.told.push(again);
}

#[test]
fn what_is_told_again_after_a_loss_is_the_same() {
    assert_eq!(broken(|h| told_again(h, "done", &[])), []);
    let wrong = [("status", "failed"), ("hp_order_id", "6"), ("pins", "[]")];
    for wrong in wrong {
        let broken = broken(|h| told_again(h, "done", &[wrong]));
        assert_eq!(broken, [Promise::NeverMadeUp], "{wrong:?}");
    }
    let charged = |h: &mut History| {
        h.charges.push(charge("refused", 31, 1));
        told_again(h, "refused", &[("status", "completed")]);
    };
    assert_eq!(broken(charged), [Promise::NeverMadeUp]);
}

#[test]
fn why_an_order_was_not_charged_may_be_told_in_other_words_after_a_loss() {
    let other = [("status", "rejected"), ("reason", "quantity_over_limit")];
    assert_eq!(broken(|h| told_again(h, "refused", &other)), []);
}

#[test]
fn a_result_that_was_read_does_not_change() {
    let changed = |h: &mut History| {
        h.live[2]
            .fields
            .extend(entry(&[("message", "something else")]));
    };
    assert_eq!(broken(changed), [Promise::NeverMadeUp]);
}

#[test]
fn a_good_entry_that_is_rejected_is_made_up() {
    let rejected = |h: &mut History| {
        let mut told = h.told[4].clone();
        told.entry = "1700000000000-9".into();
        told.fields.extend(entry(&[("order_id", "refused")]));
        h.told.push(told);
    };
    assert_eq!(broken(rejected), [Promise::NeverMadeUp]);
}

#[test]
fn a_second_first_result_is_seen_in_whatever_stream() {
    for stream in ["{hp}:results", "{hp}:results:till-1"] {
        let twice = |h: &mut History| {
            let mut told = completed("1700000000000-9");
            told.stream = stream.into();
            h.told.push(told);
        };
        assert!(broken(twice).contains(&Promise::OneResult), "{stream}");
    }
}

#[test]
fn a_result_of_an_order_in_review_is_seen() {
    let both = |h: &mut History| {
        let mut told = h.told[2].clone();
        told.entry = "1700000000000-9".into();
        told.fields.extend(entry(&[("order_id", "contradicted")]));
        h.told.push(told);
    };
    assert!(broken(both).contains(&Promise::NeverLost));
}

#[test]
fn a_card_key_or_secret_is_found_wherever_it_stands() {
    let key = format!("{}2", &KEY[..15]);
    for text in [
        key.clone(),
        format!("\"pin_key\":\"{key}\""),
        format!("XX{key}99"),
        format!("url=redis://:{SECRET}@x"),
    ] {
        assert_eq!(
            broken(|h| h.texts[0].1 += &text),
            [Promise::NeverLeaked],
            "{text}"
        );
        let in_result = |h: &mut History| h.told[2].fields.extend(entry(&[("message", &text)]));
        assert!(broken(in_result).contains(&Promise::NeverLeaked), "{text}");
    }
}

#[test]
fn a_violation_shows_no_card_key() {
    let key = format!("{}2", &KEY[..15]);
    let mut history = right();
    history.texts[0].1 += &key;
    retold(&mut history, "pins", &format!("[{key}]"));
    let violations = check(&history);
    assert!(!violations.is_empty());
    assert!(
        violations
            .iter()
            .all(|violation| !violation.to_string().contains(&key))
    );
}
