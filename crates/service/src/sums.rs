//! The sums of cells while all records are counted anew.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;
use gongzhi_kernel::project::{Cell, CellKey};

/// Cells of the newest records that are held apart at most: those of a month or two of a county, some 30 MB.
const NEWEST: usize = 131_072;

/// Numerator and denominator of each cell. Records that come together count in the same tens of thousands of them, which are
/// found by their hash; what these sum up to is added to all others, which are many and lie in order, now
/// and then only.
#[derive(Default)]
pub(crate) struct Sums {
    newest: HashMap<CellKey, (i64, i64), RandomState>,
    all: BTreeMap<CellKey, (i64, i64)>,
}

impl Sums {
    /// Adds a record's share in a cell.
    pub fn add(&mut self, cell: Cell) {
        plus(self.newest.entry(cell.key).or_default(), (cell.numerator, cell.denominator));
        if self.newest.len() >= NEWEST {
            self.settle();
        }
    }

    fn settle(&mut self) {
        for (key, sums) in self.newest.drain() {
            plus(self.all.entry(key).or_default(), sums);
        }
    }

    /// All that are not zero.
    pub fn all(mut self) -> BTreeMap<CellKey, (i64, i64)> {
        self.settle();
        self.all.retain(|_, sums| *sums != (0, 0));
        self.all
    }
}

fn plus(sums: &mut (i64, i64), more: (i64, i64)) {
    *sums = (sums.0 + more.0, sums.1 + more.1);
}

#[cfg(test)]
mod tests {
    use gongzhi_lang::model::Dimension;

    use super::*;

    #[test]
    fn each_cell_is_summed_however_many_there_are() {
        let cell = |n: usize, numerator| Cell {
            key: CellKey {
                mechanism: "m".into(),
                indicator: "i".into(),
                dimension: Dimension::Place,
                key: n.to_string().into(),
                period: String::new().into(),
                bucket: None,
            },
            numerator,
            denominator: 1 - numerator,
        };
        let (many, mut sums) = (2 * NEWEST + 5, Sums::default());
        (0..many).chain(0..many).chain(0..3).for_each(|n| sums.add(cell(n, 1)));
        sums.add(cell(many, 0));
        // One that is nothing in the end.
        sums.add(cell(many + 1, 1));
        sums.add(Cell { numerator: -1, denominator: 0, ..cell(many + 1, 1) });
        let all = sums.all();
        assert_eq!(all.len(), many + 1);
        let of = |n| all.get(&cell(n, 0).key).copied();
        assert_eq!((of(2), of(3), of(many), of(many + 1)), (Some((3, 0)), Some((2, 0)), Some((0, 1)), None));
    }
}
