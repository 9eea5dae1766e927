//! How lapses of time are spread: counts in buckets that can be added up over places, units and months,
//! and the percentiles that follow from them.
//!
//! Buckets are those of a floating-point number with four bits behind its first one: every number below
//! 32 has its own, and above that each power of two is cut into sixteen. So a bucket is at most one
//! sixteenth as wide as the least number in it, and only whole numbers are reckoned with: every machine
//! finds the same bucket.

use std::collections::BTreeMap;

/// Bits of a number that its bucket keeps behind the first one.
const BITS: u32 = 4;
/// Buckets of one power of two.
const PARTS: u64 = 1 << BITS;

/// The bucket of a number. Numbers above `u32::MAX` count as that.
pub fn bucket(number: u64) -> u16 {
    let number = number.min(u64::from(u32::MAX));
    if number < PARTS {
        return number as u16;
    }
    // At least BITS; at most 31, so that the result stays below 464.
    let power = number.ilog2();
    let part = (number >> (power - BITS)) & (PARTS - 1);
    (u64::from(power - BITS + 1) * PARTS + part) as u16
}

/// The least number of a bucket and how many whole numbers it holds.
fn range(bucket: u16) -> (u64, u64) {
    let (block, part) = (u64::from(bucket) / PARTS, u64::from(bucket) % PARTS);
    match block {
        0 => (part, 1),
        block => {
            let shift = (block - 1).min(40);
            ((PARTS + part) << shift, 1 << shift)
        }
    }
}

/// A percentile of counted numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Percentile {
    /// The place of the number among all when they are sorted, from 1.
    pub rank: u64,
    /// How many numbers there are.
    pub total: u64,
    /// Its value in thousandths. The number of that rank lies in the same bucket: the value differs from
    /// it by less than one sixteenth of it, and not at all below 32.
    pub thousandths: i64,
}

/// Counts by bucket.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Spread(BTreeMap<u16, i64>);

impl Spread {
    /// Adds a count to a bucket; spreads are put together by adding the buckets of one to another.
    pub fn add(&mut self, bucket: u16, count: i64) {
        let sum = self.0.entry(bucket).or_default();
        *sum += count;
        if *sum == 0 {
            self.0.remove(&bucket);
        }
    }

    /// How many numbers are counted. A bucket that counts less than nothing is damaged and left out.
    pub fn total(&self) -> u64 {
        self.0.values().map(|count| u64::try_from(*count).unwrap_or(0)).sum()
    }

    /// The number below or at which so many per cent of all lie (the nearest rank), found within its
    /// bucket as if the numbers there stood at even distances. `None` when nothing is counted.
    pub fn percentile(&self, point: u8) -> Option<Percentile> {
        let total = self.total();
        if total == 0 {
            return None;
        }
        let rank = (total * u64::from(point.min(100))).div_ceil(100).max(1);
        let mut before = 0;
        for (bucket, count) in &self.0 {
            let count = u64::try_from(*count).unwrap_or(0);
            if before + count < rank {
                before += count;
                continue;
            }
            let (least, width) = range(*bucket);
            // The middle of the rank's share of the whole numbers in the bucket.
            let within = u128::from((width - 1) * 1_000) * u128::from(2 * (rank - before) - 1);
            let thousandths = u128::from(least) * 1_000 + within / u128::from(2 * count);
            return Some(Percentile { rank, total, thousandths: i64::try_from(thousandths).ok()? });
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spread(numbers: &[u64]) -> Spread {
        let mut spread = Spread::default();
        numbers.iter().for_each(|number| spread.add(bucket(*number), 1));
        spread
    }

    #[test]
    fn buckets_follow_each_other_without_gap() {
        let mut next = 0;
        for bucket in 0..464 {
            let (least, width) = range(bucket);
            assert_eq!(least, next, "bucket {bucket} begins where the one before ends");
            assert_eq!((super::bucket(least), super::bucket(least + width - 1)), (bucket, bucket));
            assert!(bucket < 32 && width == 1 || width * 16 <= least, "bucket {bucket}");
            next = least + width;
        }
        assert_eq!((next, bucket(u64::MAX)), (1 << 32, 463));
    }

    #[test]
    fn small_numbers_are_exact_and_nothing_gives_nothing() {
        assert_eq!(Spread::default().percentile(50), None);
        let few = spread(&[0, 3, 3, 8, 31]);
        let values = [1, 20, 21, 50, 80, 81, 99].map(|point| few.percentile(point).map(|p| p.thousandths));
        assert_eq!(values, [0, 0, 3_000, 3_000, 8_000, 31_000, 31_000].map(Some));
        assert_eq!(few.percentile(50), Some(Percentile { rank: 3, total: 5, thousandths: 3_000 }));
    }

    fn numbers() -> impl Strategy<Value = Vec<u64>> {
        let number = prop_oneof![0u64..100, 0u64..100_000, 0u64..4_000_000_000];
        prop::collection::vec(number, 1..60)
    }

    proptest! {
        #[test]
        fn put_together_they_are_the_spread_of_all(a in numbers(), b in numbers()) {
            let mut together = spread(&a);
            spread(&b).0.iter().for_each(|(bucket, count)| together.add(*bucket, *count));
            prop_assert_eq!(&together, &spread(&[a.as_slice(), b.as_slice()].concat()));
            // And what is taken out again leaves the rest.
            b.iter().for_each(|number| together.add(bucket(*number), -1));
            prop_assert_eq!(together, spread(&a));
        }

        #[test]
        fn a_percentile_differs_by_less_than_a_sixteenth(mut all in numbers(), point in 1u8..100) {
            let found = spread(&all).percentile(point).expect("there are numbers");
            all.sort_unstable();
            let exact = all[(all.len() * usize::from(point)).div_ceil(100) - 1] as i64 * 1_000;
            prop_assert_eq!(found.total, all.len() as u64);
            prop_assert!((found.thousandths - exact).abs() * 16 <= exact, "{} for {}", found.thousandths, exact);
        }
    }
}
