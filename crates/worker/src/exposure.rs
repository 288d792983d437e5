//! Keeps card keys and secrets of this process out of core files and out of the texts of panics.

use std::panic::{self, PanicHookInfo};

use nix::sys::resource::{Resource, setrlimit};

use crate::terminal::errln;

/// The longest text of a panic that is shown, in bytes.
const LONGEST_REASON: usize = 200;

/// Lets the operating system write no core file of this process. On Linux, no other process of the same user can read its
/// memory either.
pub(crate) fn forbid_core_files() {
    // It cannot fail: each process may lower its own limit.
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_dumpable(false);
}

/// Reports panics without the values in their texts.
pub(crate) fn hide_values_of_panics() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        errln!(
            "worker: panic at {}: {}. This is a bug, please report it",
            place.unwrap_or_default(),
            panic_reason(panic)
        );
    }));
}

/// Returns why the program panicked.
pub(crate) fn panic_reason<'a>(panic: &'a PanicHookInfo<'_>) -> &'a str {
    without_values(panic.payload_as_str().unwrap_or("unknown"))
}

/// Cuts the text of a panic before the first value: `expect` adds the error after a colon, and slicing adds the whole text, which
/// may be an answer of HitPoints, in quotes.
fn without_values(text: &str) -> &str {
    let text = &text[..text.floor_char_boundary(LONGEST_REASON)];
    // The standard library names its functions in quotes, too.
    let end = if text.starts_with("called `") {
        text.find(": ")
    } else {
        text.find([':', '\n', '`', '"', '\''])
    };
    text[..end.unwrap_or(text.len())].trim_end()
}

#[cfg(test)]
mod tests {
    use std::{
        panic::catch_unwind,
        sync::{Mutex, PoisonError},
    };

    use super::*;

    const KEY: &str = "BP905QS5ZDZAV0ZB";

    fn failure() -> Result<(), &'static str> {
        Err(KEY)
    }

    /// Returns what the hook would show of a panic.
    fn shown(work: fn()) -> String {
        static ONE: Mutex<()> = Mutex::new(());
        let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let payload = catch_unwind(work).expect_err("the work panics");
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        without_values(text.unwrap_or("unknown")).to_owned()
    }

    #[test]
    fn panic_text_has_no_values() {
        let panics: [(fn(), &str); 7] = [
            (
                || drop(format!("\u{e9}{KEY}")[1..].to_owned()),
                "char boundary",
            ),
            (|| drop(KEY[..99].to_owned()), ""),
            (|| failure().expect("the key is good"), "the key is good"),
            (
                || failure().unwrap_or_else(|key| panic!("bad: {key}")),
                "bad",
            ),
            (|| assert_eq!(KEY, "", "keys differ"), "assertion"),
            (
                || drop([String::new()][KEY.len()].clone()),
                "index out of bounds",
            ),
            (|| None::<u8>.map(drop).expect("a byte"), "a byte"),
        ];
        for (work, part) in panics {
            let text = shown(work);
            assert!(!text.contains(&KEY[..8]) && text.contains(part), "{text}");
        }
        let unwrapped = without_values("called `Option::unwrap()` on a `None` value");
        assert_eq!(unwrapped, "called `Option::unwrap()` on a `None` value");
    }
}
