/// Length of a random key. The contract documents `string(16)`.
const LENGTH: usize = 16;

const CHARACTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// How many of the characters are letters.
const LETTERS: u128 = 52;

/// Makes a `random_key` parameter from random bits: 16 characters `A-Z a-z 0-9`, the first one a letter.
///
/// The letter keeps the key apart from the number before it in the signed text, which has no separators.
pub(super) fn random_key(bits: u128) -> String {
    let mut rest = bits;
    let mut draw = |choices: u128| {
        let index = usize::try_from(rest % choices).unwrap_or_default();
        rest /= choices;
        char::from(CHARACTERS[index])
    };
    let mut key = String::with_capacity(LENGTH);
    key.push(draw(LETTERS));
    key.extend((1..LENGTH).map(|_| draw(CHARACTERS.len() as u128)));
    key
}

#[cfg(test)]
mod tests {
    use super::random_key;

    #[test]
    fn random_key_is_a_letter_and_15_letters_or_digits() {
        for bits in [0, 1, 51, 52, u128::MAX / 3, u128::MAX] {
            let key = random_key(bits);
            assert_eq!(key.len(), 16);
            assert!(key.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            assert!(key.starts_with(|c: char| c.is_ascii_alphabetic()), "{key}");
        }
    }

    #[test]
    fn random_key_uses_every_character_at_every_place() {
        assert_eq!(random_key(0), "A".repeat(16));
        let largest = 52 * 62u128.pow(15) - 1;
        assert_eq!(random_key(largest), format!("z{}", "9".repeat(15)));
        assert_eq!(random_key(52), format!("AB{}", "A".repeat(14)));
    }

    #[test]
    fn random_keys_of_different_bits_differ() {
        let keys: std::collections::HashSet<_> = (0..10_000).map(random_key).collect();
        assert_eq!(keys.len(), 10_000);
    }
}
