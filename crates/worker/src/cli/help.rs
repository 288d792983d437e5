use clap::{Command, CommandFactory};

use super::Cli;

/// The command line, with help whose lines end where the terminal does.
pub(super) fn command() -> Command {
    fit(Cli::command())
}

fn fit(command: Command) -> Command {
    let text = command.get_long_about().map(ToString::to_string);
    let command = command.mut_subcommands(fit);
    match text {
        Some(text) => command.long_about(unfold(&text)),
        None => command,
    }
}

/// Joins the lines of each paragraph. Examples, which are indented, keep their lines.
fn unfold(text: &str) -> String {
    let mut unfolded = String::with_capacity(text.len());
    let mut is_open = false;
    for line in text.lines() {
        let continues = !line.is_empty() && !line.starts_with(' ');
        if !unfolded.is_empty() {
            unfolded.push(if is_open && continues { ' ' } else { '\n' });
        }
        unfolded.push_str(line);
        is_open = continues;
    }
    unfolded
}

#[cfg(test)]
mod tests {
    use super::unfold;

    #[test]
    fn help_joins_paragraphs_and_keeps_examples() {
        let text = "Does it\nall.\n\n  worker a\n  worker b\n\nEnds\nhere.";
        assert_eq!(
            unfold(text),
            "Does it all.\n\n  worker a\n  worker b\n\nEnds here."
        );
    }
}
