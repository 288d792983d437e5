//! The randomness of this process, passed in as time is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::{
    RngExt,
    distr::{Alphanumeric, SampleString},
    rngs::StdRng,
};
use zeroize::Zeroizing;

/// A source of random numbers. Copies share it.
#[derive(Clone)]
pub(crate) struct Random(Arc<Mutex<StdRng>>);

impl Random {
    /// Creates an unpredictable source. Only the entry points of commands call this.
    #[expect(
        clippy::disallowed_methods,
        reason = "randomness is passed in everywhere else"
    )]
    pub(crate) fn from_entropy() -> Self {
        Self(Arc::new(Mutex::new(rand::make_rng())))
    }

    /// A number from 0 up to, not including, 1.
    pub(crate) fn jitter(&self) -> f64 {
        self.rng().random()
    }

    /// `len` letters and digits.
    pub(crate) fn alphanumeric(&self, len: usize) -> String {
        Alphanumeric.sample_string(&mut *self.rng(), len)
    }

    /// The bytes of a new private key.
    pub(crate) fn key_bytes(&self) -> Zeroizing<[u8; 32]> {
        let mut bytes = Zeroizing::new([0; 32]);
        self.rng().fill(&mut *bytes);
        bytes
    }

    fn rng(&self) -> MutexGuard<'_, StdRng> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
