use hp_queue::{History, fuzzing};

/// More entries than a history keeps.
const MANY: usize = 40;

/// No text makes the reader panic. What it has read, it reads again after writing. A history that is read and extended again
/// and again stays short.
pub fn history(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let read = fuzzing::read_history(&text);
    assert!(read.entries().len() <= text.lines().count());
    assert_read_as_written(&read);
    let mut extended = History::default();
    for entry in read.entries().iter().cycle().take(MANY) {
        fuzzing::extend_history(&mut extended, entry.clone());
        assert_eq!(extended.entries().last(), Some(entry));
    }
    assert!(extended.entries().len() <= fuzzing::MAX_HISTORY);
    assert_read_as_written(&extended);
}

fn assert_read_as_written(history: &History) {
    let written = fuzzing::write_history(history);
    assert_eq!(&fuzzing::read_history(&written), history, "{written:?}");
}
