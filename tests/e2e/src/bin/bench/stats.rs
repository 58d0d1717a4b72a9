//! What the benchmarks say of their samples. Pure, but for the machine's own
//! number of cores.

/// The sample below which so many of a hundred lie: one that was taken, by the
/// nearest rank. They are sorted, and there is one at least.
pub(crate) fn percentile<T: Copy>(sorted: &[T], percent: usize) -> T {
    let last = sorted.len() - 1;
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted[at.min(last)]
}

/// Cores that this process may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_sample_that_was_taken() {
        let samples: Vec<u64> = (1..=50).collect();
        assert_eq!(percentile(&samples, 50), 25);
        assert_eq!(percentile(&samples, 95), 48);
        assert_eq!(percentile(&[7], 50), 7);
        assert_eq!(percentile(&[7], 95), 7);
    }
}
