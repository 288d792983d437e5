use clap::Command;

/// Joins the lines of each paragraph in the help of all subcommands, so that clap wraps them to the width of the terminal.
/// Indented lines are examples and stay as they are.
pub(super) fn reflow_help(command: Command) -> Command {
    let about = command
        .get_long_about()
        .map(|about| paragraphs(&about.to_string()));
    let command = match about {
        Some(about) => command.long_about(about),
        None => command,
    };
    command.mut_subcommands(reflow_help)
}

fn paragraphs(text: &str) -> String {
    let mut joined = String::new();
    let mut is_open = false;
    for line in text.lines() {
        let is_prose = !line.is_empty() && !line.starts_with(' ');
        if !joined.is_empty() {
            joined.push(if is_open && is_prose { ' ' } else { '\n' });
        }
        joined.push_str(line);
        is_open = is_prose;
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::paragraphs;

    #[test]
    fn lines_of_a_paragraph_are_joined() {
        let text = "Does this\nand that.\n\n  example one\n  example two\n\nMore\nwords.";
        let joined = "Does this and that.\n\n  example one\n  example two\n\nMore words.";
        assert_eq!(paragraphs(text), joined);
    }
}
