use std::fmt;

/// The source of the random bits of a client.
pub(super) struct RandomSource(Box<dyn Fn() -> u128 + Send + Sync>);

impl RandomSource {
    pub(super) fn new(bits: impl Fn() -> u128 + Send + Sync + 'static) -> Self {
        Self(Box::new(bits))
    }

    pub(super) fn bits(&self) -> u128 {
        (self.0)()
    }
}

/// The default source: a generator that the operating system seeds.
impl Default for RandomSource {
    #[expect(
        clippy::disallowed_methods,
        reason = "the edge of the crate: the client reads randomness here and passes it on"
    )]
    fn default() -> Self {
        Self::new(rand::random)
    }
}

impl fmt::Debug for RandomSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RandomSource")
    }
}
