//! Random values: a seeded generator that is passed to all code that needs one.

/// Gives random values that depend on the seed and a key only, not on earlier calls.
///
/// Calls run concurrently, so a generator with a state would give other values in every run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyedRng {
    seed: u64,
}

impl KeyedRng {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Returns 64 uniformly distributed bits for this key.
    pub(crate) fn bits(self, key: &[&[u8]]) -> u64 {
        let mut hash = mix(self.seed ^ 0xcbf2_9ce4_8422_2325);
        for part in key {
            // The length distinguishes ("ab", "c") from ("a", "bc").
            hash = mix(hash ^ part.len() as u64);
            for byte in *part {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
        mix(hash)
    }

    /// Returns a uniformly distributed number for this key: at least 0 and less than 1.
    pub(crate) fn fraction(self, key: &[&[u8]]) -> f64 {
        f64::from((self.bits(key) >> 32) as u32) / (f64::from(u32::MAX) + 1.0)
    }
}

/// The output function of `SplitMix64`: similar inputs give unrelated outputs.
fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
