//! `worker status --watch`: the status on the whole screen, again each second.

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

use console::Term;
use hp_queue::Handle;
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
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failure = None;
        loop {
            tokio::select! {
                biased;
                () = shutdown.token().cancelled() => return Ok(()),
                _ = resized.recv() => {}
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
        let (rows, _) = Term::stdout().size();
        let lines = self.lines(failure);
        let lines = lines.iter().take(rows.into());
        let lines: Vec<_> = lines.map(|line| format!("{line}{CLEAR_LINE}")).collect();
        // No end of line after the last one: the screen would scroll.
        format!("{HOME}{}{CLEAR_BELOW}", lines.join("\r\n"))
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

fn add_pairs(text: &mut String, pairs: &[(&str, String)]) {
    let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0) + 2;
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        let start = format!("{name:<width$}");
        *text += &wrap::hanging(&start, width, &escape_control(value), style::width());
        text.push('\n');
    }
}
