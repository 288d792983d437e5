/// The values of one figure, one from each round.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// Takes at least one value, in any order.
    ///
    /// # Panics
    /// There is no value, or one is not a number.
    pub fn new(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<_> = values.into_iter().collect();
        assert!(!values.is_empty(), "a figure needs at least one value");
        assert!(!values.iter().any(|value| value.is_nan()), "{values:?}");
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// The quotient of each pair of rounds. Rounds of a pair ran one after the other, so they met the same machine.
    ///
    /// # Panics
    /// The numbers of rounds differ.
    pub fn ratios(of: &[f64], to: &[f64]) -> Self {
        assert_eq!(of.len(), to.len(), "each round has a partner");
        Self::new(of.iter().zip(to).map(|(of, to)| of / to))
    }

    /// The smallest value.
    pub fn min(&self) -> f64 {
        self.0[0]
    }

    /// The value in the middle; of an even number of values the mean of the two.
    pub fn median(&self) -> f64 {
        let (lower, upper) = ((self.0.len() - 1) / 2, self.0.len() / 2);
        f64::midpoint(self.0[lower], self.0[upper])
    }

    /// The largest value.
    pub fn max(&self) -> f64 {
        self.0[self.0.len() - 1]
    }

    /// The smallest value that at least `percent` of all values do not exceed.
    ///
    /// # Panics
    /// `percent` is above 100.
    pub fn percentile(&self, percent: usize) -> f64 {
        assert!(percent <= 100, "{percent} percent");
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0[rank - 1]
    }
}
