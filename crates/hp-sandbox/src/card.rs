//! Computes cards from the seed, the order and the position, so that no card is stored.

use crate::rng::KeyedRng;

/// Letters and digits that cannot be mistaken for one another. The first 24 are letters.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// Returns the serial number of a card: 16 characters, such as `T000000417K00001`, unique within a run.
pub(crate) fn serial(rng: KeyedRng, order: u64, position: u32) -> String {
    let bits = rng.bits(&[b"serial", &rng_key(order, position)]);
    let (first, second) = (letter(bits), letter(bits >> 5));
    format!("{first}{order:09}{second}{position:05}")
}

/// Returns the secret key of a card: 16 characters.
pub(crate) fn key(rng: KeyedRng, order: u64, position: u32) -> String {
    let rng_key = rng_key(order, position);
    [b"key, left", b"key,right"]
        .iter()
        .map(|half| rng.bits(&[*half, &rng_key]))
        .flat_map(|bits| (0..8).map(move |n| symbol(bits >> (5 * n))))
        .collect()
}

/// Reads the order number and the position from a serial number. The card need not exist.
pub(crate) fn parse_serial(serial: &str) -> Option<(u64, u32)> {
    let order = serial.get(1..10)?.parse().ok()?;
    let position = serial.get(11..16)?.parse().ok()?;
    Some((order, position))
}

fn rng_key(order: u64, position: u32) -> [u8; 12] {
    let mut key = [0; 12];
    key[..8].copy_from_slice(&order.to_le_bytes());
    key[8..].copy_from_slice(&position.to_le_bytes());
    key
}

fn symbol(bits: u64) -> char {
    char::from(ALPHABET[(bits & 31) as usize])
}

fn letter(bits: u64) -> char {
    char::from(ALPHABET[(bits % 24) as usize])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn serial_names_its_order_and_position(
            seed: u64, order in 1..1_000_000_000_u64, position in 1..100_000_u32
        ) {
            let serial = serial(KeyedRng::new(seed), order, position);
            prop_assert_eq!(serial.len(), 16);
            prop_assert_eq!(parse_serial(&serial), Some((order, position)));
        }

        #[test]
        fn malformed_serial_does_not_panic(text in ".{0,20}") {
            parse_serial(&text);
        }
    }
}
