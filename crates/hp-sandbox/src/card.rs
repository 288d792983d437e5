//! Cards are computed, not stored: number and key follow from seed, order and position.

use crate::draw;

/// No letter or digit that is easily taken for another.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// The serial number of a card, 16 characters such as `T000000417K00001`; no two of a run are equal.
pub(crate) fn serial(seed: u64, order: u64, position: u32) -> String {
    let bits = draw::bits(seed, &[b"serial", &place(order, position)]);
    let (first, second) = (letter(bits), letter(bits >> 5));
    format!("{first}{order:09}{second}{position:05}")
}

/// The key of a card, 16 characters.
pub(crate) fn key(seed: u64, order: u64, position: u32) -> String {
    let place = place(order, position);
    [b"key, left", b"key,right"]
        .iter()
        .map(|half| draw::bits(seed, &[*half, &place]))
        .flat_map(|bits| (0..8).map(move |n| symbol(bits >> (5 * n))))
        .collect()
}

/// Order number and position that a serial number names; whether such a card exists is another question.
pub(crate) fn locate(serial: &str) -> Option<(u64, u32)> {
    let order = serial.get(1..10)?.parse().ok()?;
    let position = serial.get(11..16)?.parse().ok()?;
    Some((order, position))
}

fn place(order: u64, position: u32) -> [u8; 12] {
    let mut place = [0; 12];
    place[..8].copy_from_slice(&order.to_le_bytes());
    place[8..].copy_from_slice(&position.to_le_bytes());
    place
}

fn symbol(bits: u64) -> char {
    char::from(ALPHABET[(bits & 31) as usize])
}

/// The first 24 symbols are letters.
fn letter(bits: u64) -> char {
    char::from(ALPHABET[(bits % 24) as usize])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_serial_number_names_its_order_and_position(
            seed: u64, order in 1..1_000_000_000_u64, position in 1..100_000_u32
        ) {
            let serial = serial(seed, order, position);
            prop_assert_eq!(serial.len(), 16);
            prop_assert_eq!(locate(&serial), Some((order, position)));
        }

        #[test]
        fn nothing_that_is_asked_for_confuses_it(text in ".{0,20}") {
            locate(&text);
        }
    }
}
