//! A writer that never blocks its caller: a thread of its own writes.
//!
//! `tracing-appender` does not count the lines that its thread cannot write, for example on a full file system.

use std::{
    io::{self, ErrorKind, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, ThreadId},
    time::{Duration, Instant},
};

use prometheus_client::metrics::counter::Counter;

/// The most bytes that wait to be written. Lines beyond it are lost.
const CAPACITY: usize = 1024 * 1024;
/// The delay before the next try to write to a non-blocking file that is full.
const FULL_DELAY: Duration = Duration::from_millis(20);

/// Accepts lines at once, and loses them while their destination does not accept them. Copies share the thread.
#[derive(Clone)]
pub(crate) struct LossyWriter(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    lost: Counter,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    is_writing: bool,
    writer: Option<ThreadId>,
}

impl LossyWriter {
    /// Starts the thread that writes to `destination`. It calls `report` with the number of lost lines as soon as the
    /// destination accepts lines again, and the function of `regular` at intervals.
    pub(super) fn start(
        destination: impl Write + Send + 'static,
        report: fn(u64),
        regular: (Duration, fn()),
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            lost: Counter::default(),
        });
        let writer = Arc::clone(&shared);
        let thread = thread::Builder::new().name("log".into());
        let thread = thread.spawn(move || write_all(&writer, destination, report, regular))?;
        shared.lock().writer = Some(thread.thread().id());
        Ok(Self(shared))
    }

    /// Hands over a line with its end, or loses it.
    pub(crate) fn append(&self, line: &[u8]) {
        let mut state = self.0.lock();
        // A report of lost lines must not be lost itself.
        let is_report = state.writer == Some(thread::current().id());
        let is_full = !state.waiting.is_empty() && state.waiting.len() + line.len() > CAPACITY;
        if is_full && !is_report {
            self.0.lost.inc();
            return;
        }
        state.waiting.extend_from_slice(line);
        self.0.changed.notify_all();
    }

    /// Waits until all lines are written, but no longer than `limit`.
    pub(super) fn flush(&self, limit: Duration) {
        let is_busy = |state: &mut State| state.is_writing || !state.waiting.is_empty();
        let state = self.0.lock();
        drop(self.0.changed.wait_timeout_while(state, limit, is_busy));
    }

    /// The number of lost lines.
    pub(crate) fn lost(&self) -> &Counter {
        &self.0.lost
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for lines and takes all of them. There may be none after `limit`.
    fn next(&self, limit: Duration) -> Vec<u8> {
        let mut state = self.lock();
        state.is_writing = false;
        self.changed.notify_all();
        let is_idle = |state: &mut State| state.waiting.is_empty();
        let state = self.changed.wait_timeout_while(state, limit, is_idle);
        let (mut state, _) = state.unwrap_or_else(PoisonError::into_inner);
        state.is_writing = true;
        std::mem::take(&mut state.waiting)
    }
}

fn write_all(
    shared: &Shared,
    mut destination: impl Write,
    report: fn(u64),
    (interval, regular): (Duration, fn()),
) {
    let (mut is_cut, mut reported, mut last) = (false, 0, Instant::now());
    loop {
        let mut lines = shared.next(interval.saturating_sub(last.elapsed()));
        if last.elapsed() >= interval {
            last = Instant::now();
            regular();
        }
        if lines.is_empty() {
            continue;
        }
        if is_cut {
            // The rest of the last line is lost. The next one must not continue it.
            lines.insert(0, b'\n');
        }
        let written = write(&mut destination, &lines);
        if written == lines.len() {
            is_cut = false;
            let total = shared.lost.get();
            if total > reported {
                report(total - reported);
                reported = total;
            }
            continue;
        }
        let left = lines[written..].iter().filter(|byte| **byte == b'\n');
        let left = left.count() - usize::from(is_cut && written == 0);
        shared.lost.inc_by(left as u64);
        is_cut = lines[..written]
            .last()
            .map_or(is_cut, |last| *last != b'\n');
    }
}

/// Writes until an error. Returns the number of bytes that were written.
fn write(destination: &mut impl Write, bytes: &[u8]) -> usize {
    let mut written = 0;
    while written < bytes.len() {
        match destination.write(&bytes[written..]) {
            Ok(0) => break,
            Ok(length) => written += length,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                thread::park_timeout(FULL_DELAY);
            }
            Err(_) => break,
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write, pipe},
        sync::mpsc::{Receiver, Sender, channel},
    };

    use super::*;

    const LONG: Duration = Duration::from_mins(1);
    const NOTHING: (Duration, fn()) = (LONG, || {});

    /// Takes what the test allows, and fails otherwise.
    struct Gate {
        allowed: Receiver<usize>,
        written: Sender<Vec<u8>>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let allowed = self.allowed.recv().unwrap_or(usize::MAX);
            if allowed == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            let length = bytes.len().min(allowed);
            self.written.send(bytes[..length].into()).unwrap();
            Ok(length)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn full_file_system_costs_whole_lines_only() {
        let ((allow, allowed), (written, texts)) = (channel(), channel());
        let log = LossyWriter::start(Gate { allowed, written }, |_| {}, NOTHING).unwrap();
        for (line, allowances) in [("one\n", &[2, 0][..]), ("two\n", &[0])] {
            log.append(line.as_bytes());
            for bytes in allowances {
                allow.send(*bytes).unwrap();
            }
            log.flush(LONG);
        }
        assert_eq!(log.lost().get(), 2);
        drop(allow);
        log.append(b"three\n");
        log.flush(LONG);
        let text: Vec<u8> = texts.try_iter().flatten().collect();
        assert_eq!(text, b"on\nthree\n");
        assert_eq!(log.lost().get(), 2);
    }

    #[test]
    fn unread_pipe_blocks_neither_lines_nor_the_end() {
        let (mut reader, destination) = pipe().unwrap();
        let log = LossyWriter::start(destination, |_| {}, NOTHING).unwrap();
        let line = [b"x".repeat(1023), b"\n".to_vec()].concat();
        for _ in 0..4096 {
            log.append(&line);
        }
        assert!(log.lost().get() > 1000, "{}", log.lost().get());
        log.flush(Duration::from_millis(1));
        // The reader comes back: what was accepted arrives whole.
        let accepted = 4096 - log.lost().get();
        let mut bytes = vec![0; usize::try_from(accepted).unwrap() * 1024];
        reader.read_exact(&mut bytes).unwrap();
        assert!(bytes.chunks(1024).all(|chunk| chunk == line));
    }

    #[test]
    fn report_counts_lost_lines_once_they_are_written_again() {
        static REPORTED: Mutex<Vec<u64>> = Mutex::new(Vec::new());
        let ((allow, allowed), (written, _texts)) = (channel(), channel());
        let report = |lost| REPORTED.lock().unwrap().push(lost);
        let log = LossyWriter::start(Gate { allowed, written }, report, NOTHING).unwrap();
        for bytes in [0, 0, 9, 9] {
            log.append(b"line\n");
            allow.send(bytes).unwrap();
            log.flush(LONG);
        }
        assert_eq!(*REPORTED.lock().unwrap(), [2]);
    }
}
