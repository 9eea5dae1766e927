//! Chance from a seed: the same seed plays the same past.

/// SplitMix64 (Steele, Lea, Flood 2014): small, fast, and good enough for invented lives. Nothing
/// secret is ever drawn from it.
pub struct Chance {
    state: u64,
}

impl Chance {
    /// Chance from a seed.
    pub fn new(seed: u64) -> Chance {
        Chance { state: seed }
    }

    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 up to, not including, 1.
    pub fn part(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Evenly between two bounds.
    pub fn between(&mut self, bounds: [f64; 2]) -> f64 {
        bounds[0] + (bounds[1] - bounds[0]) * self.part()
    }

    /// Between two positive bounds, short ones more often: waiting times of people.
    pub fn skewed(&mut self, bounds: [f64; 2]) -> f64 {
        let low = bounds[0].max(0.01);
        low * (bounds[1].max(low) / low).powf(self.part())
    }

    /// A whole number between two bounds, both included.
    pub fn count(&mut self, bounds: [u32; 2]) -> usize {
        let room = u64::from(bounds[1].saturating_sub(bounds[0])) + 1;
        bounds[0] as usize + (self.bits() % room) as usize
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
    pub fn weighted(&mut self, weights: impl Iterator<Item = f64> + Clone) -> Option<usize> {
        let sum: f64 = weights.clone().sum();
        if sum <= 0.0 {
            return None;
        }
        let mut left = self.part() * sum;
        let mut last = None;
        for (at, weight) in weights.enumerate() {
            if weight <= 0.0 {
                continue;
            }
            last = Some(at);
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
        last
    }

    /// Ten bytes for a new identifier.
    pub fn ten(&mut self) -> [u8; 10] {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&self.bits().to_be_bytes());
        bytes[8..].copy_from_slice(&self.bits().to_be_bytes()[..2]);
        bytes
    }
}
