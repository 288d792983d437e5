//! `worker status --watch`: the status on the whole screen, again each second.

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

use console::{Term, truncate_str};
use hp_queue::Handle;
use nix::sys::signal::{Signal, raise};
use serde_json::json;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{MissedTickBehavior, interval, timeout},
};

use super::{obstacles, rates::Looks, status::QueueStatus};
use crate::{
    config::Config,
    obstacle::Facts,
    shutdown::Shutdown,
    terminal::{
        CommandError, CommandResult, escape_control,
        stdout::{is_stdout_gone, stdout},
        style::{self, Tone},
        wrap,
    },
};

/// The time between two looks.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long a look may take. The screen says so afterwards.
const LOOK_LIMIT: Duration = Duration::from_secs(3);

/// Another screen, without a cursor; the screen from before, with one. `xterm` and all that follow it.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
/// The first place of the screen, the rest of a line, and the rest of the screen.
const HOME: &str = "\x1b[H";
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";

/// Shows the status of the queue each second, until a signal.
///
/// # Errors
/// Standard output is no terminal, and JSON is not wanted.
pub(crate) async fn watch_status(config: &Config, as_json: bool) -> CommandResult {
    if !as_json && !io::stdout().is_terminal() {
        return Err("--watch draws on a terminal, and standard output is none. For another program, use `worker status --watch --json`, an object a line".into());
    }
    let shutdown = Shutdown::on_signals()?;
    let mut watch = Watch {
        config,
        handle: config.handle()?,
        looks: Looks::default(),
        last: None,
    };
    if as_json {
        watch.print_lines(&shutdown).await?;
    } else {
        let _screen = Screen::enter()?;
        watch.draw(&shutdown).await?;
    }
    Ok(true)
}

/// The other screen of the terminal. Dropped, it gives the first one back.
struct Screen;

impl Screen {
    fn enter() -> io::Result<Self> {
        print(ENTER)?;
        Ok(Self)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = print(LEAVE);
    }
}

/// Stops the process as Ctrl-Z does, with the first screen. Returns when it goes on.
fn suspend() -> io::Result<()> {
    print(LEAVE)?;
    raise(Signal::SIGSTOP)?;
    print(ENTER)
}

fn print(text: &str) -> io::Result<()> {
    let mut out = stdout();
    out.write_all(text.as_bytes())?;
    out.flush()
}

struct Watch<'a> {
    config: &'a Config,
    handle: Handle,
    looks: Looks,
    /// The last status that could be read.
    last: Option<QueueStatus>,
}

impl Watch<'_> {
    async fn draw(&mut self, shutdown: &Shutdown) -> io::Result<()> {
        let mut resized = signal(SignalKind::window_change())?;
        let mut suspended = signal(SignalKind::from_raw(Signal::SIGTSTP as i32))?;
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failure = None;
        loop {
            tokio::select! {
                biased;
                () = shutdown.token().cancelled() => return Ok(()),
                _ = resized.recv() => {}
                _ = suspended.recv() => suspend()?,
                looked = async { ticks.tick().await; self.look().await } => failure = looked.err(),
            }
            print(&self.frame(failure.as_deref()))?;
            if is_stdout_gone() {
                return Ok(());
            }
        }
    }

    async fn print_lines(&mut self, shutdown: &Shutdown) -> Result<(), CommandError> {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !is_stdout_gone() {
            let looked = tokio::select! {
                biased;
                () = shutdown.token().cancelled() => return Ok(()),
                looked = async { ticks.tick().await; self.look().await } => looked,
            };
            let shown = match (&looked, &self.last) {
                (Ok(()), Some(status)) => {
                    let mut shown = status.to_json()?;
                    shown["rates"] = serde_json::to_value(self.looks.rates())?;
                    shown
                }
                _ => json!({ "error": looked.err() }),
            };
            print(&format!("{shown}\n"))?;
        }
        Ok(())
    }

    /// Looks at the queue. The error says why it cannot.
    async fn look(&mut self) -> Result<(), String> {
        let read = async {
            let terms = self.handle.terms().await?;
            let facts = Facts::read_cheaply(&self.handle).await?;
            QueueStatus::new(self.config, &terms, facts)
        };
        let read = timeout(LOOK_LIMIT, read).await;
        let read = read.map_err(|_| format!("Redis does not answer within {LOOK_LIMIT:?}"))?;
        let status = read.map_err(|error| error.to_string())?;
        self.looks.add(&status.queue);
        self.last = Some(status);
        Ok(())
    }

    /// Everything that is sent to the terminal for one screen. It overwrites the last one line by line, so nothing flickers.
    fn frame(&self, failure: Option<&str>) -> String {
        frame(&self.lines(failure), Term::stdout().size())
    }

    fn lines(&self, failure: Option<&str>) -> Vec<String> {
        let mut text = String::new();
        if let Some(failure) = failure {
            let failure = format!("cannot read the queue: {failure}");
            let failure = wrap::hanging("! ", 2, &escape_control(&failure), style::width());
            for line in failure.lines() {
                text += &(Tone::Bad.paint(line) + "\n");
            }
            text += match self.last {
                Some(_) => "  What follows is as it was before. The next look is in a second.\n\n",
                None => "  The next look is in a second.\n",
            };
        }
        if let Some(status) = &self.last {
            self.add_status(&mut text, status);
        }
        text.lines().map(str::to_owned).collect()
    }

    fn add_status(&self, text: &mut String, status: &QueueStatus) {
        add_pairs(text, &[("queue", status.place())]);
        text.push('\n');
        for obstacle in &status.obstacles {
            *text += &(obstacles::text(obstacle) + "\n");
        }
        if status.obstacles.is_empty() {
            *text += &(Tone::Good.paint("nothing keeps orders from going on") + "\n");
        }
        text.push('\n');
        let rates = self.looks.rates().map_or_else(
            || "not known yet".into(),
            |rates| format!("{:.1} admitted, {:.1} ended", rates.admitted, rates.ended),
        );
        let details = status.details();
        let all: Vec<_> = [("orders/s", rates)].into_iter().chain(details).collect();
        add_pairs(text, &all);
    }
}

/// What draws these lines on a screen of this many rows and columns.
fn frame(lines: &[String], (rows, columns): (u16, u16)) -> String {
    let (rows, columns) = (rows.max(1), columns.max(1).into());
    let mut shown: Vec<_> = lines.iter().map(String::as_str).take(rows.into()).collect();
    let more;
    if lines.len() > shown.len()
        && let Some(last) = shown.last_mut()
    {
        more = format!("... {} more lines", lines.len() + 1 - usize::from(rows));
        *last = &more;
    }
    let cut = |line: &&str| truncate_str(line, columns, "").into_owned();
    // First empties the line: after a full one, the cursor is still on its last character.
    let shown: Vec<_> = shown
        .iter()
        .map(|line| format!("{CLEAR_LINE}{}", cut(line)))
        .collect();
    // No end of line after the last one: the screen would scroll.
    format!("{HOME}{}{CLEAR_BELOW}", shown.join("\r\n"))
}

fn add_pairs(text: &mut String, pairs: &[(&str, String)]) {
    let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0) + 2;
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        let start = format!("{name:<width$}");
        *text += &wrap::hanging(&start, width, &escape_control(value), style::width());
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(lines: &[&str], size: (u16, u16)) -> Vec<String> {
        let lines: Vec<_> = lines.iter().map(|line| (*line).to_owned()).collect();
        let frame = frame(&lines, size);
        let drawn = frame.strip_prefix(HOME).unwrap();
        let drawn = drawn.strip_suffix(CLEAR_BELOW).unwrap();
        let rows = drawn.split("\r\n");
        rows.map(|row| row.strip_prefix(CLEAR_LINE).unwrap().to_owned())
            .collect()
    }

    #[test]
    fn screen_gets_no_more_than_it_has_room_for() {
        let all = ["abc", "d", "e"];
        assert_eq!(rows(&all, (3, 80)), all);
        assert_eq!(rows(&all, (2, 80)), ["abc", "... 2 more lines"]);
        assert_eq!(rows(&all, (1, 3)), ["..."]);
        assert_eq!(rows(&all, (0, 0)), ["."]);
    }

    #[test]
    fn lines_are_cut_to_the_columns_that_they_fill() {
        let painted = "\x1b[31mabcdef\x1b[0m";
        let wanted = ["abc", "\x1b[31mabc\x1b[0m", "語"];
        assert_eq!(rows(&["abcdef", painted, "語言"], (9, 3)), wanted);
    }
}
