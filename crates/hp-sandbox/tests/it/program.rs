//! The binary: flags, output and exit code.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use hp_sandbox::{Options, Trigger};

fn program(flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hp-sandbox"));
    command
        .args(flags)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    let stdout = child.stdout.as_mut().unwrap();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    line
}

#[test]
fn program_prints_its_address_and_exits_0_on_signal() {
    for signal in ["-TERM", "-INT"] {
        let mut child = program(&["--listen", "127.0.0.1:0"]).spawn().unwrap();
        let line = first_line(&mut child);
        assert!(
            line.starts_with("hp-sandbox listening on http://127.0.0.1:"),
            "{line}"
        );
        assert!(line.ends_with(" (app id demo)\n"), "{line}");
        let pid = child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn invalid_flag_error_names_valid_values() {
    for (flags, reason) in [
        (["--fault", "lost=0.1"], "lost-answer"),
        (["--fault", "lost-answer=2"], "always"),
        (["--fault", "lost-answer"], "NAME=RATE"),
        (["--balance", "CNY"], "CURRENCY=AMOUNT"),
        (["--balance", "CNY=0.001"], "two decimals"),
        (["--latency", "80"], "80ms..200ms"),
        (["--latency", "2s..1s"], "the shorter time first"),
        (["--not-found", "200"], "empty"),
        (["--duplicate", "never"], "replay"),
        (["--rsa-client-key", "x.pem"], "--rsa-server-key"),
    ] {
        let mut child = program(&flags).spawn().unwrap();
        let mut text = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert!(text.contains(reason), "{flags:?}: {text}");
        assert_eq!(child.wait().unwrap().code(), Some(2));
    }
}

#[test]
fn help_fits_80_columns() {
    for flag in ["-h", "--help"] {
        let output = program(&[flag]).output().unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(help.contains("--late-record"), "{help}");
        for line in help.lines() {
            assert!(line.len() <= 80, "{flag}: {line}");
        }
    }
}

#[test]
fn help_lists_every_fault() {
    let output = program(&["--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let readme = include_str!("../../README.md");
    let names = Trigger::all().map(|trigger| trigger.fault.to_string());
    for name in names.chain(["code-400124".to_owned()]) {
        let is_listed = |line: &str| line.split_whitespace().next() == Some(&name);
        assert!(help.lines().any(is_listed), "{name}: {help}");
        assert!(readme.contains(&format!("| `{name}` |")), "{name}");
    }
}

#[test]
fn options_debug_hides_the_secret() {
    let options = Options {
        app_secret: "very-secret".to_owned().into(),
        ..Options::default()
    };
    assert!(!format!("{options:?}").contains("very-secret"));
}

#[test]
fn defaults_match_the_documentation() {
    let options = Options::default();
    assert_eq!(options.listen.to_string(), "127.0.0.1:8700");
    assert_eq!((options.app_id.as_str(), options.seed), ("demo", 1));
    assert_eq!(options.date_window.as_secs(), 300);
    assert!(options.balance.is_empty() && options.fault.is_empty());
}
