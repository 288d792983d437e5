use rand::{Rng, RngExt, distr::Alphanumeric};

/// 16 characters `A-Z a-z 0-9`, the first one a letter, so that it cannot be read as the end of the
/// number before it in the signed text.
pub(super) fn random_key(rng: &mut impl Rng) -> String {
    let mut key = String::with_capacity(16);
    let characters = rng.sample_iter(Alphanumeric);
    let from_a_letter = characters.skip_while(|byte| !byte.is_ascii_alphabetic());
    key.extend(from_a_letter.take(16).map(char::from));
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_key_is_16_letters_and_digits_and_begins_with_a_letter() {
        let mut rng = rand::rng();
        for _ in 0..1000 {
            let key = random_key(&mut rng);
            assert_eq!(key.len(), 16);
            assert!(key.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            assert!(key.starts_with(|c: char| c.is_ascii_alphabetic()));
        }
    }

    #[test]
    fn random_keys_differ() {
        let mut rng = rand::rng();
        assert_ne!(random_key(&mut rng), random_key(&mut rng));
    }
}
