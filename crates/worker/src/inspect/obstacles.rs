use std::io::{self, Write};

use crate::{
    obstacle::Obstacle,
    terminal::{
        escape_control,
        stdout::stdout,
        style::{self, Tone},
        wrap,
    },
};

/// Prints a text that is worth a look.
pub(super) fn print_note(text: &str) -> io::Result<()> {
    let mut out = stdout();
    for line in wrap::lines(text, style::width()) {
        writeln!(out, "{}", Tone::Notice.paint(&line))?;
    }
    Ok(())
}

/// Prints what to do next.
pub(super) fn print_next(next: &str) -> io::Result<()> {
    let next = escape_control(next);
    let line = wrap::hanging("Next: ", 6, &next, style::width());
    writeln!(stdout(), "\n{line}")
}

const ARROW: &str = "  -> ";

/// Prints what keeps orders from going on, each with what to do next, between two empty lines.
pub(super) fn print_obstacles(obstacles: &[Obstacle]) -> io::Result<()> {
    let mut out = stdout();
    if obstacles.is_empty() {
        let all_well = Tone::Good.paint("nothing keeps orders from going on");
        return writeln!(out, "\n{all_well}\n");
    }
    writeln!(out)?;
    for obstacle in obstacles {
        writeln!(out, "{}", text(obstacle))?;
    }
    writeln!(out)
}

/// An obstacle with what to do next, in lines that fit the terminal.
pub(super) fn text(obstacle: &Obstacle) -> String {
    let (mark, tone) = if obstacle.kind.is_urgent() {
        ("! ", Tone::Bad)
    } else {
        ("- ", Tone::Notice)
    };
    let paint = |line: String| tone.paint(&line);
    let text = escape_control(&obstacle.text);
    let text = wrap::hanging(mark, mark.len(), &text, style::width());
    let lines: Vec<_> = text.lines().map(|line| paint(line.into())).collect();
    let next = obstacle.next.as_ref().map(|next| {
        let next = escape_control(next);
        let next = wrap::hanging(ARROW, ARROW.len(), &next, style::width());
        format!("\n{next}")
    });
    lines.join("\n") + &next.unwrap_or_default()
}
