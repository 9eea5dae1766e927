//! Chance from a seed: the same seed plays the same county.

/// SplitMix64 (Steele, Lea, Flood 2014). Nothing secret is drawn from it.
#[derive(Clone)]
pub struct Chance(u64);

impl Chance {
    /// Chance from a seed and a name, so that drawing more in one place changes nothing in another.
    pub fn new(seed: u64, name: &str) -> Chance {
        let digest = gongzhi_base::Digest::of_parts(&[&seed.to_be_bytes(), name.as_bytes()]);
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&digest.0[..8]);
        Chance(u64::from_be_bytes(bytes))
    }

    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 up to, not including, 1.
    pub fn part(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Between two positive bounds, short ones more often: waiting times of people.
    pub fn skewed(&mut self, bounds: [f64; 2]) -> f64 {
        let low = bounds[0].max(0.01);
        low * (bounds[1].max(low) / low).powf(self.part())
    }

    /// A whole number between two bounds, both included.
    pub fn count(&mut self, low: u64, high: u64) -> u64 {
        low + self.bits() % (high.saturating_sub(low) + 1)
    }

    /// Whether it happens, of a hundred times.
    pub fn happens(&mut self, percent: f64) -> bool {
        self.part() * 100.0 < percent
    }

    /// One of a list.
    pub fn one<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        let at = (self.bits() % (list.len().max(1) as u64)) as usize;
        list.get(at)
    }

    /// The position of one of some weights; `None` when all are nothing.
    pub fn weighted(&mut self, weights: &[f64]) -> Option<usize> {
        let sum: f64 = weights.iter().sum();
        if sum <= 0.0 {
            return None;
        }
        let mut left = self.part() * sum;
        for (at, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return Some(at);
            }
        }
        weights.iter().rposition(|weight| *weight > 0.0)
    }

    /// Ten bytes for a new identifier.
    pub fn ten(&mut self) -> [u8; 10] {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&self.bits().to_be_bytes());
        bytes[8..].copy_from_slice(&self.bits().to_be_bytes()[..2]);
        bytes
    }
}
