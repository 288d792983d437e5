//! Checks all scripts without Redis.

use std::collections::BTreeSet;

use hp_order::State;

use crate::{
    agreement, control, inspector, ledger, notifier,
    queue::entry_reason::{DeadLetterReason, EntryReason},
    run_lease,
    script::{PRELUDES, Source},
};

const ALL: &[Source] = &[
    agreement::JoinQueue::SOURCE,
    agreement::SwitchAccount::SOURCE,
    control::balance_hold::BalanceHold::SOURCE,
    control::balance_hold::LiftBalanceHold::SOURCE,
    control::dead_letter::RequeueDeadLetter::SOURCE,
    control::difference::ReportDifference::SOURCE,
    control::pause::Pause::SOURCE,
    control::pause::Resume::SOURCE,
    control::permits::AcquirePermits::SOURCE,
    control::products::PublishProducts::SOURCE,
    control::vendor_failure::NoteFailure::SOURCE,
    control::permits::SlowDown::SOURCE,
    inspector::metrics::ReadMetrics::SOURCE,
    inspector::server_info::ReadServerInfo::SOURCE,
    inspector::snapshot::Snapshot::SOURCE,
    inspector::status::ReadStatus::SOURCE,
    ledger::claim_orders::ClaimBatchCall::SOURCE,
    ledger::claim_orders::ClaimNamedCall::SOURCE,
    ledger::preview::PreviewClaims::SOURCE,
    ledger::restore::Restore::SOURCE,
    ledger::settle::Renew::SOURCE,
    ledger::settle_group::Settle::SOURCE,
    ledger::worker::ReportAlive::SOURCE,
    ledger::worker::ReportWatermark::SOURCE,
    notifier::CallNotifier::SOURCE,
    run_lease::CallRunLease::SOURCE,
];

#[test]
fn scripts_have_what_they_need() {
    for source in ALL {
        if let Err(fault) = source.code() {
            panic!("{}: {fault}", source.file);
        }
    }
}

#[test]
fn scripts_are_all_declared() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/scripts");
    let files = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "prelude")
        .collect();
    files.sort();
    let mut declared: Vec<_> = ALL.iter().map(|source| source.file).collect();
    declared.sort_unstable();
    assert_eq!(declared, files);
}

#[test]
fn scripts_use_no_bare_index() {
    let bodies = ALL.iter().map(|source| (source.file, source.body));
    for (file, code) in bodies.chain(PRELUDES.iter().copied()) {
        assert!(!code.contains("KEYS"), "{file}");
        let mut indexes = code.split("ARGV[").skip(1);
        let is_bare = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
        assert!(!indexes.any(is_bare), "{file}");
    }
}

#[test]
fn preludes_say_what_they_offer() {
    for (name, code) in PRELUDES {
        assert!(code.starts_with("-- "), "{name}");
        assert!(code.contains("\n-- offers: "), "{name}");
    }
}

#[test]
fn every_open_state_but_submitting_has_a_set() {
    let sets = PRELUDES.iter().find(|(name, _)| *name == "state_sets");
    let (_, line) = sets.unwrap().1.split_once("local IN_SETS = {").unwrap();
    let (words, _) = line.split_once('}').unwrap();
    let named: BTreeSet<_> = words
        .split(',')
        .map(|word| word.trim().trim_end_matches(" = true"))
        .collect();
    let open = State::ALL.into_iter().filter(|state| !state.has_ended());
    let wanted = open.filter(|state| *state != State::Submitting);
    assert_eq!(named, wanted.map(State::as_str).collect());
}

/// The words that follow one of these texts in any script.
fn words_after(starts: &[&str]) -> BTreeSet<&'static str> {
    let bodies = ALL.iter().map(|source| source.body);
    let mut words = BTreeSet::new();
    for code in bodies.chain(PRELUDES.iter().map(|(_, code)| *code)) {
        for start in starts {
            let found = code.split(start).skip(1);
            let is_word = |c: char| c.is_ascii_lowercase() || c == '_';
            words.extend(found.map(|rest| rest.split(|c| !is_word(c)).next().unwrap_or("")));
        }
    }
    words
}

#[test]
fn scripts_give_known_reasons_only() {
    let reasons = words_after(&["'rejected', '", "'conflict', '"]);
    assert_eq!(reasons, EntryReason::ALL.map(EntryReason::as_str).into());
    let reasons = words_after(&["add_dead_letter(entry_id, entry, '", "reason = '"]);
    assert_eq!(
        reasons,
        DeadLetterReason::ALL.map(DeadLetterReason::as_str).into()
    );
}
