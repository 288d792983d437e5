use std::ops::Range;

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

/// The line inside a function that brings in preludes there: a call that does not run the function does not build them.
const HERE: &str = "-- here: ";

/// The line of a script that names its flags: with `allow-oom` Redis runs it although its memory is full, with `no-writes` a
/// user runs it who may only read.
const FLAGS: &str = "-- flags: ";

const KEY: &str = "key_";
const ARGUMENT: &str = "arg_";

/// The preludes that are files. Each says in its header what it needs and what it offers.
pub(crate) const PRELUDES: &[(&str, &str)] = &[
    ("admit", include_str!("../scripts/prelude/admit.lua")),
    ("answer", include_str!("../scripts/prelude/answer.lua")),
    ("claim", include_str!("../scripts/prelude/claim.lua")),
    ("clock", include_str!("../scripts/prelude/clock.lua")),
    ("copied", include_str!("../scripts/prelude/copied.lua")),
    ("copy", include_str!("../scripts/prelude/copy.lua")),
    (
        "dead_letter_event",
        include_str!("../scripts/prelude/dead_letter_event.lua"),
    ),
    ("entry", include_str!("../scripts/prelude/entry.lua")),
    ("entry_id", include_str!("../scripts/prelude/entry_id.lua")),
    ("epoch", include_str!("../scripts/prelude/epoch.lua")),
    ("events", include_str!("../scripts/prelude/events.lua")),
    ("fence", include_str!("../scripts/prelude/fence.lua")),
    ("held", include_str!("../scripts/prelude/held.lua")),
    ("inbox", include_str!("../scripts/prelude/inbox.lua")),
    (
        "inbox_count",
        include_str!("../scripts/prelude/inbox_count.lua"),
    ),
    (
        "inbox_size",
        include_str!("../scripts/prelude/inbox_size.lua"),
    ),
    ("keys", include_str!("../scripts/prelude/keys.lua")),
    (
        "new_epoch",
        include_str!("../scripts/prelude/new_epoch.lua"),
    ),
    (
        "newest_entry",
        include_str!("../scripts/prelude/newest_entry.lua"),
    ),
    (
        "own_streams",
        include_str!("../scripts/prelude/own_streams.lua"),
    ),
    ("permits", include_str!("../scripts/prelude/permits.lua")),
    (
        "present_epoch",
        include_str!("../scripts/prelude/present_epoch.lua"),
    ),
    ("publish", include_str!("../scripts/prelude/publish.lua")),
    ("receive", include_str!("../scripts/prelude/receive.lua")),
    ("record", include_str!("../scripts/prelude/record.lua")),
    ("replay", include_str!("../scripts/prelude/replay.lua")),
    ("server", include_str!("../scripts/prelude/server.lua")),
    ("snapshot", include_str!("../scripts/prelude/snapshot.lua")),
    ("spent", include_str!("../scripts/prelude/spent.lua")),
    (
        "state_sets",
        include_str!("../scripts/prelude/state_sets.lua"),
    ),
    (
        "take_inbox",
        include_str!("../scripts/prelude/take_inbox.lua"),
    ),
    ("throttle", include_str!("../scripts/prelude/throttle.lua")),
    ("today", include_str!("../scripts/prelude/today.lua")),
    ("trim", include_str!("../scripts/prelude/trim.lua")),
    ("waiting", include_str!("../scripts/prelude/waiting.lua")),
];

impl Source {
    /// The name of the script: its file without the extension.
    pub(crate) fn name(&self) -> &'static str {
        self.file.trim_end_matches(".lua")
    }

    /// The whole code: every prelude once and after those that it needs, the body. The error says what is missing.
    pub(crate) fn code(&self) -> Result<String, String> {
        let mut parts = Vec::new();
        for name in needs(self.body) {
            add_prelude(name, &mut Vec::new(), &mut parts)?;
        }
        let body = with_inner_preludes(self.body, &mut Vec::new(), &parts)?;
        let mut code: String = parts.into_iter().map(|(_, part)| part).collect();
        code.push_str(&body);
        self.check(&code)?;
        Ok(self.first_line() + &self.numbered(&code))
    }

    /// Redis reads the flags of a script from its first line.
    fn first_line(&self) -> String {
        let flags = self.flags();
        flags.map_or_else(String::new, |flags| format!("#!lua flags={flags}\n"))
    }

    fn flags(&self) -> Option<&'static str> {
        self.body.lines().find_map(|line| line.strip_prefix(FLAGS))
    }

    /// `true` if the script changes nothing.
    pub(crate) fn is_read_only(&self) -> bool {
        self.flags()
            .is_some_and(|flags| flags.contains("no-writes"))
    }

    /// Replaces the names of keys and arguments, `key_open` and `arg_lease`, by their places, so that no file depends on
    /// their order. As locals they would cost more: each function that uses one would capture it at every call.
    fn numbered(&self, code: &str) -> String {
        let mut numbered = String::with_capacity(code.len());
        for line in code.lines() {
            let end = line.find("--").unwrap_or(line.len());
            let mut rest = 0;
            for name in names(&line[..end]) {
                if let Some(place) = self.place(&line[name.clone()]) {
                    numbered.push_str(&line[rest..name.start]);
                    numbered.push_str(&place);
                    rest = name.end;
                }
            }
            numbered.push_str(&line[rest..]);
            numbered.push('\n');
        }
        numbered
    }

    fn place(&self, name: &str) -> Option<String> {
        if name == "FIRST_VALUE" {
            return Some((self.arguments.len() + 1).to_string());
        }
        let place = |list: &[&str], name| Some(list.iter().position(|known| *known == name)? + 1);
        if let Some(key) = name.strip_prefix(KEY) {
            return Some(format!("KEYS[{}]", place(self.keys, key)?));
        }
        let argument = place(self.arguments, name.strip_prefix(ARGUMENT)?)?;
        Some(format!("ARGV[{argument}]"))
    }

    /// Checks that the code uses declared names only, and every declared argument. A key may be unused: Redis Cluster
    /// looks at the declared keys.
    fn check(&self, code: &str) -> Result<(), String> {
        let used = used_names(code, KEY);
        if let Some(name) = used.iter().find(|name| !self.keys.contains(name)) {
            return Err(format!("the key `{name}` is not declared"));
        }
        let used = used_names(code, ARGUMENT);
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
    let code = if file.is_empty() {
        code
    } else {
        with_inner_preludes(file, path, parts)?
    };
    path.pop();
    parts.push((name, code));
    Ok(())
}

/// Brings in the preludes that a file wants inside its functions, except those that stand before it.
fn with_inner_preludes(
    file: &'static str,
    path: &mut Vec<&'static str>,
    before: &[(&'static str, String)],
) -> Result<String, String> {
    let mut code = String::with_capacity(file.len());
    for line in file.lines() {
        code.push_str(line);
        code.push('\n');
        let Some(wanted) = line.trim_start().strip_prefix(HERE) else {
            continue;
        };
        let mut inner = before.to_vec();
        for name in wanted.split(',') {
            add_prelude(name.trim(), path, &mut inner)?;
        }
        code.extend(inner.drain(before.len()..).map(|(_, part)| part));
    }
    Ok(code)
}

fn needs(file: &'static str) -> impl Iterator<Item = &'static str> {
    let lines = file.lines().filter_map(|line| line.strip_prefix(NEEDS));
    lines.flat_map(|names| names.split(',').map(str::trim))
}

/// The words of a line of code that can be names, and no fields of a table.
fn names(line: &str) -> Vec<Range<usize>> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut names = Vec::new();
    let mut at = 0;
    while let Some(start) = line[at..].find(is_name) {
        let start = at + start;
        let end = line[start..]
            .find(|c| !is_name(c))
            .map_or(line.len(), |length| start + length);
        let before = &line[..start];
        if !before.ends_with('.') || before.ends_with("..") {
            names.push(start..end);
        }
        at = end;
    }
    names
}

/// Returns the names that are used with this prefix, without it and outside comments.
fn used_names<'a>(code: &'a str, prefix: &str) -> Vec<&'a str> {
    let mut used = Vec::new();
    for line in code.lines() {
        let line = line.split("--").next().unwrap_or_default();
        let names = names(line).into_iter().map(|name| &line[name]);
        used.extend(names.filter_map(|name| name.strip_prefix(prefix)));
    }
    used
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
    fn inner_prelude_stands_in_its_function() {
        let body = "-- needs: clock\nlocal function read()\n  -- here: server, clock\nend\nreturn arg_lease";
        let code = source(body).code().unwrap();
        let (function, server) = (
            code.find("function read()"),
            code.find("function server_id()"),
        );
        assert!(function.is_some() && function < server, "{code}");
        assert_eq!(code.matches("function text(").count(), 1);
        let fault = source("  -- here: moon\nreturn arg_lease").code();
        assert_eq!(fault.unwrap_err(), "there is no prelude `moon`");
    }

    #[test]
    fn flags_are_the_first_line_of_a_script() {
        let code = source("-- flags: allow-oom\nreturn arg_lease")
            .code()
            .unwrap();
        assert!(
            code.starts_with("#!lua flags=allow-oom\n-- flags"),
            "{code}"
        );
        let code = source("return arg_lease").code().unwrap();
        assert!(code.starts_with("return "), "{code}");
    }

    #[test]
    fn keys_and_arguments_become_places() {
        let body = "return { 'a:'..key_jobs, arg_lease, x.arg_lease, FIRST_VALUE } -- key_jobs";
        let expected = "return { 'a:'..KEYS[1], ARGV[1], x.arg_lease, 2 } -- key_jobs\n";
        assert_eq!(source(body).code().unwrap(), expected);
    }
}
