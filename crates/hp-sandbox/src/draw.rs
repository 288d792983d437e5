//! Chance that can be repeated: a hash of the seed and of what it is about, whatever ran before.

/// 64 well-mixed bits that depend on the seed and on the parts, and on nothing else.
pub(crate) fn bits(seed: u64, parts: &[&[u8]]) -> u64 {
    let mut hash = mix(seed ^ 0xcbf2_9ce4_8422_2325);
    for part in parts {
        // The length keeps ("ab", "c") apart from ("a", "bc").
        hash = mix(hash ^ part.len() as u64);
        for byte in *part {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    mix(hash)
}

/// A number from 0 up to but not including 1.
pub(crate) fn share(bits: u64) -> f64 {
    f64::from((bits >> 32) as u32) / (f64::from(u32::MAX) + 1.0)
}

/// The finaliser of `SplitMix64`: neighbouring inputs give unrelated outputs.
fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
