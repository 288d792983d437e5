//! Checks all scripts without Redis.

use crate::{
    agreement, control, inspector, ledger, run_lease,
    script::{PRELUDES, Source},
};

const ALL: &[Source] = &[
    agreement::JoinQueue::SOURCE,
    agreement::SwitchAccount::SOURCE,
    control::balance_hold::BalanceHold::SOURCE,
    control::dead_letter::RequeueDeadLetter::SOURCE,
    control::pause::Pause::SOURCE,
    control::permits::AcquirePermits::SOURCE,
    control::products::PublishProducts::SOURCE,
    control::permits::SlowDown::SOURCE,
    inspector::server_info::ReadServerInfo::SOURCE,
    inspector::snapshot::Snapshot::SOURCE,
    inspector::status::ReadStatus::SOURCE,
    ledger::claim_orders::ClaimBatchCall::SOURCE,
    ledger::claim_orders::ClaimNamedCall::SOURCE,
    ledger::preview::PreviewClaims::SOURCE,
    ledger::restore::Restore::SOURCE,
    ledger::settle::Renew::SOURCE,
    ledger::settle::Settle::SOURCE,
    ledger::worker::ReportAlive::SOURCE,
    ledger::worker::ReportWatermark::SOURCE,
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
