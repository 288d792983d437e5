//! The command line of the worker, as its help texts describe it.

use crate::Worker;

/// The help of a command at 80 columns.
fn help(command: &[String]) -> String {
    let words: Vec<&str> = command
        .iter()
        .map(String::as_str)
        .chain(["--help"])
        .collect();
    let columns = [("COLUMNS".to_owned(), "80".to_owned())];
    let output = Worker::output(&words, &columns);
    assert!(output.status.success(), "{words:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// All commands with their help: the program itself, its subcommands, and theirs.
pub fn commands() -> Vec<(Vec<String>, String)> {
    let (mut open, mut commands) = (vec![Vec::new()], Vec::new());
    while let Some(command) = open.pop() {
        let text = help(&command);
        for subcommand in subcommands(&text) {
            open.push([&command[..], &[subcommand]].concat());
        }
        commands.push((command, text));
    }
    commands
}

/// The subcommands that a help text lists.
fn subcommands(help: &str) -> Vec<String> {
    let list = help
        .split_once("\nCommands:\n")
        .map_or("", |(_, list)| list);
    let rows = list.lines().take_while(|line| !line.is_empty());
    // Continued descriptions are indented deeper than names.
    let names = rows.filter(|row| row.starts_with("  ") && !row.starts_with("   "));
    let names = names.filter_map(|row| row.split_whitespace().next());
    names
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}
