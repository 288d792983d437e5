use std::borrow::Cow;

/// An order id as an argument of a command that an operator copies into a shell. An id can contain any visible ASCII character.
pub(crate) fn order_argument(id: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._:~-".contains(c);
    // A shell replaces a leading `~` by a home directory.
    let quoted = if id.is_empty() || id.starts_with('~') || !id.chars().all(is_plain) {
        Cow::from(format!("'{}'", id.replace('\'', r"'\''")))
    } else {
        Cow::from(id)
    };
    // Otherwise, it is read as an option, quoted or not.
    if id.starts_with('-') {
        format!("-- {quoted}").into()
    } else {
        quoted
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::order_argument;

    #[test]
    fn plain_ids_stay_as_they_are() {
        for id in ["A-1001", "1", "shop:7_b~2.x"] {
            assert_eq!(order_argument(id), id);
        }
    }

    #[test]
    fn other_ids_are_quoted() {
        for (id, wanted) in [
            ("A;reboot", "'A;reboot'"),
            ("it's", r"'it'\''s'"),
            ("~root", "'~root'"),
            ("-v", "-- -v"),
            ("-$(x)", "-- '-$(x)'"),
        ] {
            assert_eq!(order_argument(id), wanted);
        }
    }

    #[test]
    fn shell_reads_each_id_as_it_is() {
        let all: String = ('!'..='~').collect();
        let one_by_one = ('!'..='~').map(|c| format!("A{c}B"));
        let leading = ('!'..='~').map(|c| format!("{c}A"));
        for id in one_by_one.chain(leading).chain([all]) {
            let script = format!(r#"set -- {}; printf %s "$1""#, order_argument(&id));
            let script = script.replacen("set -- -- ", "set -- ", 1);
            let output = Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), id, "{script}");
        }
    }
}
