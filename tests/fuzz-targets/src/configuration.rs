/// What separates the file from the variables of the environment.
const VARIABLES: &str = "\n--- environment\n";

/// No file and no environment makes the worker panic, and a configuration that it prints is one that it accepts. The input is
/// a file in TOML, followed by lines of the form `NAME=value`.
pub fn configuration(input: &[u8]) {
    let input = String::from_utf8_lossy(input);
    // These settings would make the worker read files of this machine.
    let mentions_file = input.to_ascii_lowercase().contains("_file");
    if mentions_file {
        return;
    }
    let (file, variables) = input.split_once(VARIABLES).unwrap_or((&input, ""));
    let variables = variables.lines().filter_map(|line| line.split_once('='));
    let Ok(printed) = worker::fuzzing::load_config(file, variables) else {
        return;
    };
    // Keys and tokens are not printed, and what is printed in place of a token is too short to be one.
    if !printed.contains("token = \"[redacted]\"") && !printed.contains("# Signed") {
        let printed = without_addresses(&printed);
        let again = worker::fuzzing::load_config(&printed, []).unwrap();
        assert_eq!(without_addresses(&again), printed);
    }
}

/// What is left of an address that is none, without its password, may be empty or look like another one.
fn without_addresses(printed: &str) -> String {
    let is_address = |line: &&str| line.starts_with("url = ") || line.starts_with("proxy = ");
    let lines: Vec<_> = printed.lines().filter(|line| !is_address(line)).collect();
    lines.join("\n")
}
