//! The readable part of a vendor's text. The vendor may quote a card key, a signature or a secret in it.

/// Stands for what is not readable.
const HIDDEN: &str = "[...]";

/// From this number of capital letters and digits on, a run of characters may be a part of a card key.
const KEY_LIKE: usize = 8;

/// The length of the longest words of a language.
const LONGEST_WORD: usize = 20;

/// The longest text that is read. Texts are short, and errors show even less.
const LONGEST_TEXT: usize = 4096;

/// Returns the text with `[...]` in place of each run of characters that is neither a word nor a short number. Such a run may
/// be a card key, a signature or a secret, also in hexadecimal, base64 or percent-encoding.
pub(crate) fn without_codes(text: &str) -> String {
    let mut readable = String::new();
    let mut rest = &text[..text.floor_char_boundary(LONGEST_TEXT)];
    while !rest.is_empty() {
        let (run, after) = rest.split_at(length_of(rest, is_of_code));
        readable.push_str(if is_readable(run) { run } else { HIDDEN });
        let (between, after) = after.split_at(length_of(after, |c| !is_of_code(c)));
        readable.push_str(between);
        rest = after;
    }
    readable
}

/// Returns the length of the start whose characters all pass.
fn length_of(text: &str, pass: impl Fn(char) -> bool) -> usize {
    text.find(|c| !pass(c)).unwrap_or(text.len())
}

/// Returns `true` for the characters of keys, and of their usual encodings.
fn is_of_code(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+/=_-.%~\\".contains(c)
}

/// Returns `true` if no part of the run can be a part of a key: all of them are words, abbreviations or short numbers.
pub(crate) fn is_readable(run: &str) -> bool {
    let is_key_like = |c: &char| c.is_ascii_uppercase() || c.is_ascii_digit();
    let mut parts = run.split(|c: char| !c.is_ascii_alphanumeric());
    run.chars().filter(is_key_like).count() < KEY_LIKE && parts.all(is_word_or_number)
}

fn is_word_or_number(part: &str) -> bool {
    let small = part.strip_prefix(|c: char| c.is_ascii_uppercase());
    let is_word = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase());
    part.len() <= LONGEST_WORD
        && (is_word(small.unwrap_or(part))
            || part.bytes().all(|byte| byte.is_ascii_uppercase())
            || part.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use proptest::prelude::*;

    use super::without_codes;

    #[test]
    fn ordinary_messages_stay_as_they_are() {
        for text in [
            "user balance not enough",
            "bad request parameter, parameter validate fail",
            "out_trade_id A-1001 already exists (code 400104)",
            "Date-GMT is 301 s off",
            "limit: 20.00 USD",
            "余额不足",
            "",
        ] {
            assert_eq!(without_codes(text), text);
        }
    }

    #[test]
    fn keys_are_hidden_wherever_they_stand() {
        for (text, shown) in [
            ("BP905QS5ZDZAV0ZB", "[...]"),
            ("key=BP905QS5ZDZAV0ZB;", "[...];"),
            (
                "the key BP90-5QS5-ZDZA-V0ZB is used",
                "the key [...] is used",
            ),
            ("\u{4e00}BP905QS5\u{4e00}", "\u{4e00}[...]\u{4e00}"),
            ("ABCDEFGHJKLMNPQR", "[...]"),
            ("1234567890123456", "[...]"),
        ] {
            assert_eq!(without_codes(text), shown);
        }
        assert!(without_codes(&"key ".repeat(1 << 20)).len() <= 4096);
    }

    proptest! {
        #[test]
        fn no_form_of_a_key_is_readable(key in "[A-Z2-9]{16}", before in "[a-z ]{0,9}[ :,\"'(\u{4e00}]", length in 8usize..=16) {
            let part = &key[..length];
            let hex = part.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
            let percent = part.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
            for form in [part.to_owned(), hex, percent, STANDARD.encode(&key)] {
                let shown = without_codes(&format!("{before}{form} is sold"));
                prop_assert_eq!(shown, format!("{before}[...] is sold"));
            }
        }
    }
}
