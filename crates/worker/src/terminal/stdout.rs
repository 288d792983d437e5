//! Standard output. A failure to print does not stop the work of a command; the end of the program reports it.

use std::{
    io::{self, ErrorKind, StdoutLock, Write},
    sync::OnceLock,
};

/// The first failure of standard output.
static FAILURE: OnceLock<io::Error> = OnceLock::new();

/// Standard output as a writer that always succeeds. After a failure it discards everything.
pub(crate) struct Stdout(StdoutLock<'static>);

/// Locks standard output.
pub(crate) fn stdout() -> Stdout {
    Stdout(io::stdout().lock())
}

/// `true` if nothing that is printed arrives any more: the reader has closed the pipe, as after `| head`, or the file
/// system is full.
pub(crate) fn is_stdout_gone() -> bool {
    FAILURE.get().is_some()
}

/// Prints what is left, and returns why some output was lost. A reader that has closed the pipe wanted no more.
pub(crate) fn finish() -> Option<&'static io::Error> {
    let _ = stdout().flush();
    FAILURE
        .get()
        .filter(|error| error.kind() != ErrorKind::BrokenPipe)
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.attempt(|out| out.write_all(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt(Write::flush);
        Ok(())
    }
}

impl Stdout {
    fn attempt(&mut self, write: impl FnOnce(&mut StdoutLock<'static>) -> io::Result<()>) {
        if !is_stdout_gone()
            && let Err(error) = write(&mut self.0)
        {
            let _ = FAILURE.set(error);
        }
    }
}

/// Prints a line to standard output. Always succeeds: see [`stdout`](mod@crate::terminal::stdout).
macro_rules! outln {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        writeln!($crate::terminal::stdout::stdout(), $($text)*)
    }};
}
pub(crate) use outln;
