//! Calls of every command of the command line.

use std::{collections::BTreeSet, path::Path, sync::Mutex, thread};

use crate::{
    evidence::Evidence,
    process::{command, run},
};

/// The words of one call. `{DIR}` stands for the folder of the test, `{CARD}` for a serial number, and `{N}` for a number that
/// no other call has.
type Words = &'static [&'static str];

/// The calls of each command. The commands with subcommands of their own have none.
const CASES: [(&str, &[Words]); 31] = [
    ("run", &[&[]]),
    (
        "enqueue",
        &[
            &[
                "--order-id",
                "C-1",
                "--product-id",
                "2",
                "--quantity",
                "1",
                "--wait",
                "--timeout",
                "2s",
            ],
            &[
                "--order-id",
                "C-1",
                "--product-id",
                "2",
                "--quantity",
                "1",
                "--wait",
                "--timeout",
                "2s",
                "--json",
                "--out",
                "{DIR}/enqueued-{N}.ndjson",
            ],
            &["--file", "{DIR}/orders.csv"],
            &["--file", "{DIR}/malformed.csv", "--partial"],
            &[
                "--order-id",
                "A-1",
                "--product-id",
                "2",
                "--quantity",
                "2",
                "--wait",
                "--timeout",
                "2s",
                "--open-with",
                "{DIR}/malformed.key",
            ],
        ],
    ),
    (
        "results",
        &[
            &[],
            &["--json"],
            &["--follow"],
            &["--group", "g-{N}", "--consumer", "c", "--json"],
            &["--out", "{DIR}/results-{N}.ndjson"],
            &["--open-with", "{DIR}/malformed.key", "--show-pins"],
            &["--open-with", "{DIR}/shop.key", "--limit", "3"],
        ],
    ),
    (
        "keygen",
        &[
            &["k{N}", "--dir", "{DIR}"],
            &["shop", "--dir", "{DIR}"],
            &["j{N}", "--dir", "{DIR}", "--json"],
        ],
    ),
    ("config", &[&[]]),
    ("doctor", &[&[], &["--json"]]),
    (
        "reconcile",
        &[
            &["--once"],
            &["--order", "A-2", "--order", "A-1", "--dry-run"],
            &[
                "--audit",
                "--since",
                "1h",
                "--json",
                "--report",
                "{DIR}/report-{N}.csv",
            ],
            &[],
        ],
    ),
    (
        "retry",
        &[
            &["H-unmapped", "H-no-json", "--why", "a test"],
            &["A-1", "--why", "a test", "--json"],
        ],
    ),
    (
        "resolve",
        &[
            &["H-key-in-status", "--as", "completed", "--why", "a test"],
            &["F~wrong-record", "--as", "closed", "--why", "a test"],
            &[
                "F~short-record",
                "--as",
                "not-charged",
                "--why",
                "a test",
                "--json",
            ],
            &["H-final", "--as", "resubmit", "--why", "a test"],
        ],
    ),
    (
        "republish",
        &[
            &["A-1", "--why", "a test"],
            &["H-final", "A-2", "--json", "--why", "a test"],
        ],
    ),
    (
        "orders",
        &[
            &[],
            &["--json"],
            &[
                "--state",
                "completed",
                "--state",
                "failed",
                "--state",
                "review",
                "--json",
            ],
        ],
    ),
    (
        "order",
        &[&["A-1"], &["H-unmapped"], &["F~wrong-product"], &["nobody"]],
    ),
    (
        "record",
        &[
            &["A-1"],
            &["H-key-in-status"],
            &["H-status-500"],
            &["nobody"],
            &["A-2", "--json"],
        ],
    ),
    ("products", &[&[], &["--json"]]),
    (
        "pin",
        &[&["{CARD}"], &["{CARD}", "--json"], &["T000000000K00001"]],
    ),
    ("rejected list", &[&[], &["--json"]]),
    (
        "rejected requeue",
        &[&["1-1"], &["1-1", "--set", "order_id=A-9"]],
    ),
    (
        "rejected discard",
        &[&["1-1"], &["--all"], &["--all", "--yes"]],
    ),
    ("account show", &[&[], &["--json"]]),
    (
        "account switch",
        &[
            &["--why", "a test"],
            &["--why", "a test", "--json", "--move-to-review"],
        ],
    ),
    ("pause", &[&["--why", "a test"]]),
    ("events", &[&[], &["--json"], &["--follow"]]),
    ("notify test", &[&[], &["--json"]]),
    (
        "status",
        &[&[], &["--json"], &["--watch", "--json"], &["--watch"]],
    ),
    ("health", &[&[], &["--live"], &["--ready", "--json"]]),
    ("resume", &[&[]]),
    ("reasons", &[&[]]),
    ("completions", &[&["bash"], &["zsh"]]),
    ("man", &[&[], &["--dir", "{DIR}/man"]]),
    ("", &[&["--version"], &["--help"], &["help"]]),
    ("rejected", &[&["--help"]]),
];

/// Runs all calls in this order, or four at a time, and adds what they print to the evidence.
pub(crate) struct Calls<'a> {
    /// Names the calls in the report.
    pub(crate) name: &'a str,
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) folder: &'a Path,
    pub(crate) card: &'a str,
    /// Arguments before the command.
    pub(crate) first: Vec<String>,
}

impl Calls<'_> {
    /// Runs the calls of all commands one after the other.
    pub(crate) fn run_in_turn(&self, evidence: &mut Evidence) {
        for call in calls() {
            self.run_one(call, evidence);
        }
    }

    /// Runs those calls that `wanted` selects, several at a time.
    pub(crate) fn run_at_once(&self, wanted: impl Fn(&Call) -> bool, evidence: &mut Evidence) {
        let open: Vec<_> = calls().filter(wanted).collect();
        let (open, evidence) = (Mutex::new(open), Mutex::new(evidence));
        let next = || open.lock().unwrap().pop();
        let work = || {
            while let Some(call) = next() {
                let mut own = Evidence::default();
                self.run_one(call, &mut own);
                evidence.lock().unwrap().append(own);
            }
        };
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(work);
            }
        });
    }

    fn run_one(&self, call: Call, evidence: &mut Evidence) {
        let Call { name, words, .. } = call;
        let number = rand::random::<u32>().to_string();
        let folder = self.folder.to_str().unwrap();
        let words: Vec<_> = self
            .first
            .iter()
            .map(String::as_str)
            .chain(name.split_whitespace())
            .chain(words.iter().copied())
            .map(|word| {
                word.replace("{DIR}", folder)
                    .replace("{CARD}", self.card)
                    .replace("{N}", &number)
            })
            .collect();
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let enough = match name {
            "run" => 2000,
            "reconcile" if words == ["reconcile"] => 1,
            "results" | "events" if words.contains(&"--follow") => 1,
            "status" if words.contains(&"--watch") => 1,
            _ => usize::MAX,
        };
        let output = run(command(&words, &self.settings, self.folder), enough);
        let place = format!("{}: worker {}", self.name, words.join(" "));
        evidence.add_output(&place, output);
    }
}

/// One call of a command.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    pub(crate) name: &'static str,
    words: Words,
    /// The first one of its command.
    pub(crate) is_first: bool,
}

impl Call {
    /// `true` if it names an order for which the hostile front end answers.
    pub(crate) fn is_about_a_trick(&self) -> bool {
        self.words.iter().any(|word| word.starts_with("H-"))
    }
}

fn calls() -> impl Iterator<Item = Call> {
    CASES.into_iter().flat_map(|(name, calls)| {
        let calls = calls.iter().enumerate();
        calls.map(move |(index, words)| Call {
            name,
            words,
            is_first: index == 0,
        })
    })
}

#[test]
fn every_command_has_calls() {
    let covered: BTreeSet<_> = CASES.iter().map(|(name, _)| (*name).to_owned()).collect();
    let commands = e2e::commands();
    let names: BTreeSet<_> = commands.iter().map(|(words, _)| words.join(" ")).collect();
    let has_subcommands = |name: &String| {
        let start = format!("{name} ");
        names.iter().any(|other| other.starts_with(&start))
    };
    let missing: Vec<_> = names
        .iter()
        .filter(|name| !covered.contains(*name) && !has_subcommands(name))
        .collect();
    assert!(missing.is_empty(), "add calls of {missing:?} to CASES");
    let unknown: Vec<_> = covered.difference(&names).collect();
    assert!(unknown.is_empty(), "there are no commands {unknown:?}");
}

/// Each flag that takes no value from the operator's own text is in at least one call.
#[test]
fn every_flag_that_shows_more_is_called() {
    let flags: BTreeSet<_> = calls().flat_map(|call| call.words).copied().collect();
    for flag in [
        "--json",
        "--open-with",
        "--out",
        "--report",
        "--audit",
        "--dry-run",
        "--file",
    ] {
        assert!(flags.contains(flag), "no call has {flag}");
    }
}
