use std::fmt::Write;

use super::order_rules;

/// The parts of a script: its own file, and the names of what a call passes to it.
pub(crate) struct Source {
    /// The file under `scripts`.
    pub(crate) file: &'static str,
    pub(crate) body: &'static str,
    /// The names of KEYS, in their order.
    pub(crate) keys: &'static [&'static str],
    /// The names of the first values of ARGV, in their order.
    pub(crate) arguments: &'static [&'static str],
}

/// The line of a file that names the preludes it needs, separated by commas.
const NEEDS: &str = "-- needs: ";

/// The preludes that are files. Each says in its header what it needs and what it offers.
pub(crate) const PRELUDES: &[(&str, &str)] = &[
    ("answer", include_str!("../scripts/prelude/answer.lua")),
    ("claim", include_str!("../scripts/prelude/claim.lua")),
    ("clock", include_str!("../scripts/prelude/clock.lua")),
    ("copied", include_str!("../scripts/prelude/copied.lua")),
    ("copy", include_str!("../scripts/prelude/copy.lua")),
    ("entry", include_str!("../scripts/prelude/entry.lua")),
    ("entry_id", include_str!("../scripts/prelude/entry_id.lua")),
    ("epoch", include_str!("../scripts/prelude/epoch.lua")),
    ("held", include_str!("../scripts/prelude/held.lua")),
    ("inbox", include_str!("../scripts/prelude/inbox.lua")),
    (
        "inbox_count",
        include_str!("../scripts/prelude/inbox_count.lua"),
    ),
    ("keys", include_str!("../scripts/prelude/keys.lua")),
    ("permits", include_str!("../scripts/prelude/permits.lua")),
    (
        "present_epoch",
        include_str!("../scripts/prelude/present_epoch.lua"),
    ),
    ("publish", include_str!("../scripts/prelude/publish.lua")),
    ("record", include_str!("../scripts/prelude/record.lua")),
    ("replay", include_str!("../scripts/prelude/replay.lua")),
    ("server", include_str!("../scripts/prelude/server.lua")),
    ("snapshot", include_str!("../scripts/prelude/snapshot.lua")),
    ("throttle", include_str!("../scripts/prelude/throttle.lua")),
    ("trim", include_str!("../scripts/prelude/trim.lua")),
    ("waiting", include_str!("../scripts/prelude/waiting.lua")),
];

impl Source {
    /// The whole code: the head, every prelude once and after those that it needs, the body. The error says what is missing.
    pub(crate) fn code(&self) -> Result<String, String> {
        let mut parts = Vec::new();
        for name in needs(self.body) {
            add_prelude(name, &mut Vec::new(), &mut parts)?;
        }
        let mut code: String = parts.into_iter().map(|(_, part)| part).collect();
        code.push_str(self.body);
        self.check(&code)?;
        Ok(self.head() + &code)
    }

    /// Names keys and arguments, so that no file depends on their order: `key_open`, `arg_lease`. They are locals, because a
    /// script would build a table of them at every call.
    fn head(&self) -> String {
        let mut head = String::new();
        for (kind, list, names) in [("key", "KEYS", self.keys), ("arg", "ARGV", self.arguments)] {
            let names: Vec<_> = names.iter().map(|name| format!("{kind}_{name}")).collect();
            if !names.is_empty() {
                // Writing to a `String` cannot fail.
                let _ = writeln!(
                    head,
                    "local {} = unpack({list}, 1, {})",
                    names.join(", "),
                    names.len()
                );
            }
        }
        let _ = writeln!(head, "local FIRST_VALUE = {}", self.arguments.len() + 1);
        head
    }

    /// Checks that the code uses declared names only, and every declared argument. A key may be unused: Redis Cluster
    /// looks at the declared keys.
    fn check(&self, code: &str) -> Result<(), String> {
        let used = used_names(code, "key_");
        if let Some(name) = used.iter().find(|name| !self.keys.contains(name)) {
            return Err(format!("the key `{name}` is not declared"));
        }
        let used = used_names(code, "arg_");
        if let Some(name) = used.iter().find(|name| !self.arguments.contains(name)) {
            return Err(format!("the argument `{name}` is not declared"));
        }
        match self.arguments.iter().find(|name| !used.contains(name)) {
            Some(name) => Err(format!("the argument `{name}` is not used")),
            None => Ok(()),
        }
    }
}

/// Adds a prelude and, before it, those that it needs. `path` are the preludes that need this one.
fn add_prelude(
    name: &'static str,
    path: &mut Vec<&'static str>,
    parts: &mut Vec<(&'static str, String)>,
) -> Result<(), String> {
    if parts.iter().any(|(added, _)| *added == name) {
        return Ok(());
    }
    if path.contains(&name) {
        return Err(format!("the prelude `{name}` needs itself"));
    }
    let (file, code) = match PRELUDES.iter().find(|(file, _)| *file == name) {
        Some((_, file)) => (*file, (*file).to_owned()),
        None if name == order_rules::NAME => ("", order_rules::render()),
        None => return Err(format!("there is no prelude `{name}`")),
    };
    path.push(name);
    for needed in needs(file) {
        add_prelude(needed, path, parts)?;
    }
    path.pop();
    parts.push((name, code));
    Ok(())
}

fn needs(file: &'static str) -> impl Iterator<Item = &'static str> {
    let lines = file.lines().filter_map(|line| line.strip_prefix(NEEDS));
    lines.flat_map(|names| names.split(',').map(str::trim))
}

/// Returns the names that are used with this prefix, outside comments.
fn used_names<'a>(code: &'a str, prefix: &str) -> Vec<&'a str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut names = Vec::new();
    for line in code.lines() {
        let line = line.split("--").next().unwrap_or_default();
        for (at, _) in line.match_indices(prefix) {
            if line[..at].ends_with(|c| is_name(c) || c == '.') {
                continue;
            }
            let rest = &line[at + prefix.len()..];
            let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            names.push(&rest[..end]);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{Source, add_prelude, needs};

    const fn source(body: &'static str) -> Source {
        Source {
            file: "test.lua",
            body,
            keys: &["jobs"],
            arguments: &["lease"],
        }
    }

    #[test]
    fn script_with_an_unknown_need_is_refused() {
        let fault = source("-- needs: clock, moon\nreturn arg_lease").code();
        assert_eq!(fault.unwrap_err(), "there is no prelude `moon`");
    }

    #[test]
    fn script_with_an_undeclared_name_is_refused() {
        let fault = source("return { arg_lease, key_open }").code();
        assert_eq!(fault.unwrap_err(), "the key `open` is not declared");
        let fault = source("return { arg_lease, arg_claim }").code();
        assert_eq!(fault.unwrap_err(), "the argument `claim` is not declared");
        let fault = source("return key_jobs -- arg_lease").code();
        assert_eq!(fault.unwrap_err(), "the argument `lease` is not used");
    }

    #[test]
    fn prelude_stands_once_and_after_its_needs() {
        let mut parts = Vec::new();
        for name in needs("-- needs: epoch, clock, server\n") {
            add_prelude(name, &mut Vec::new(), &mut parts).unwrap();
        }
        let names: Vec<_> = parts.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["clock", "server", "epoch"]);
    }

    #[test]
    fn head_names_keys_and_arguments() {
        let code = source("return { key_jobs, arg_lease }").code().unwrap();
        let head = "local key_jobs = unpack(KEYS, 1, 1)\nlocal arg_lease = unpack(ARGV, 1, 1)\nlocal FIRST_VALUE = 2\n";
        assert!(code.starts_with(head), "{code}");
    }
}
