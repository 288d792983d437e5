//! What a former master may take along, and what it may not.

use crate::{check::Promise, history::History, losses::Losses};

use super::{
    checker::{broken_promises, forget_results},
    sample::{TIME, completed, entry},
};

/// Makes the results of an order those that a shop read only on a former master, which lost them.
fn leave_on_former(history: &mut History, id: &str) {
    forget_results(history, id);
    for read in &mut history.consumed {
        read.only_on_former |= read.id() == id;
    }
}

#[test]
fn former_master_takes_its_results_along() {
    assert_eq!(broken_promises(|h| leave_on_former(h, "done")), []);
    assert_eq!(broken_promises(|h| leave_on_former(h, "refused")), []);
}

#[test]
fn former_master_excuses_no_unfinished_order() {
    let unread = |h: &mut History| {
        leave_on_former(h, "done");
        h.consumed.retain(|read| read.id() != "done");
        h.losses.push((TIME - 1000, TIME + 1000));
    };
    assert!(broken_promises(unread).contains(&Promise::NeverLost));
}

#[test]
fn former_master_excuses_no_second_charge() {
    let twice = |h: &mut History| {
        leave_on_former(h, "done");
        h.losses.push((TIME - 1000, TIME + 1000));
        h.charges[0].times = 2;
    };
    assert_eq!(broken_promises(twice), [Promise::NeverTwice]);
}

#[test]
fn former_master_excuses_no_untrue_result() {
    let wrong = [("hp_order_id", "6"), ("status", "failed"), ("pins", "[]")];
    for (name, value) in wrong {
        let untrue = |h: &mut History| {
            leave_on_former(h, "done");
            let read = h.consumed.iter_mut().find(|read| read.id() == "done");
            read.unwrap().fields.insert(name.into(), value.into());
        };
        assert_eq!(broken_promises(untrue), [Promise::NeverMadeUp], "{name}");
    }
}

#[test]
fn results_of_both_masters_must_be_equal() {
    // The shop read the former master's result; the present master found the same charge and published it, too.
    let both = |h: &mut History, fields: &[(&str, &str)]| {
        let mut read = completed("1700000000000-0");
        read.only_on_former = true;
        read.fields.extend(entry(fields));
        h.consumed.push(read);
    };
    let other_time = [("finished_at", "1700000000999")];
    assert_eq!(broken_promises(|h| both(h, &other_time)), []);
    let other_charge = [("hp_order_id", "6")];
    assert_eq!(
        broken_promises(|h| both(h, &other_charge)),
        [Promise::NeverMadeUp]
    );
}

#[test]
fn entry_id_of_lost_result_may_be_used_again() {
    let used_again = |h: &mut History| {
        leave_on_former(h, "refused");
        let mut other = completed("1700000000000-2");
        other
            .fields
            .insert("replay_of".into(), "1700000000000-0".into());
        h.published.push(other);
    };
    assert_eq!(broken_promises(used_again), []);
}

#[test]
fn writes_of_former_master_are_lost_until_its_end() {
    let losses = Losses::default();
    assert_eq!(losses.is_lost(TIME, TIME + 100), None);
    losses.begin_promotion(TIME);
    assert_eq!(losses.is_lost(TIME + 9000, TIME + 9000), Some(true));
    losses.end_promotion(TIME + 10_000);
    let later = TIME + 60_000;
    assert_eq!(losses.is_lost(TIME + 9000, later), Some(true));
    assert_eq!(losses.is_lost(TIME + 20_000, later), Some(false));
    assert_eq!(losses.is_lost(TIME - 20_000, later), Some(false));
}

#[test]
fn promotion_without_replica_loses_nothing() {
    let losses = Losses::default();
    losses.begin_promotion(TIME);
    losses.cancel_promotion();
    assert_eq!(losses.is_lost(TIME, TIME + 60_000), Some(false));
    assert_eq!(losses.all(), []);
}
