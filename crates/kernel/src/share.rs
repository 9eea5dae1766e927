//! A record's share in the indicators, kept small: what it counts for, and once for all under which
//! keys. Most commands change one or two counts and no key, so that only these become cells.

use std::collections::BTreeMap;

use gongzhi_base::{Short, format_short};
use gongzhi_lang::model::{Dimension, Indicator};

use crate::project::{Cell, CellKey};

/// What a record counts for in every indicator of its mechanism.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Share {
    pub(crate) keys: Keys,
    pub(crate) counts: Vec<Count>,
}

/// Under which keys a record counts, by dimension.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Keys {
    pub mechanism: Short,
    /// The place and those above it as it was when the record was opened.
    pub places: Vec<Short>,
    /// Places under which it counts on today's map only (true), or no more (false).
    pub moved: Vec<(Short, bool)>,
    pub unit: Option<Short>,
    /// From the first level down.
    pub kinds: Vec<Short>,
    /// Identifiers of the records above, from the parent up.
    pub parents: Vec<Short>,
    /// The record above that keeps these apart: places, units, kinds and fields are counted within it too.
    pub apart: Option<Short>,
    /// Fields by which is counted, in the mechanism's order, with their values.
    pub fields: Vec<(Short, Vec<Short>)>,
}

/// What a record counts for in one indicator.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Count {
    pub indicator: Short,
    pub period: Short,
    /// Of a lapse of time, which it falls into.
    pub bucket: Option<u16>,
    pub by: By,
    pub numerator: i64,
    pub denominator: i64,
}

/// The dimensions of an indicator.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct By {
    pub place: bool,
    pub unit: bool,
    pub kind: bool,
    pub parent: bool,
    /// A bit for each of the mechanism's fields by which is counted.
    pub fields: u32,
}

impl By {
    pub(crate) fn of(indicator: &Indicator, fields: &[String]) -> By {
        let has = |dimension| indicator.by.contains(&dimension);
        let bits = fields.iter().take(32).enumerate();
        let bits = bits.filter(|(_, field)| indicator.fields.contains(field)).map(|(at, _)| 1 << at);
        // The month is the period that every cell has.
        By {
            place: has(Dimension::Place),
            unit: has(Dimension::Unit),
            kind: has(Dimension::Kind),
            parent: has(Dimension::Parent),
            fields: bits.fold(0, |all, bit| all | bit),
        }
    }
}

impl Count {
    fn like(&self, other: &Count) -> bool {
        self.indicator == other.indicator
            && self.period == other.period
            && self.bucket == other.bucket
            && self.by == other.by
    }
}

impl Share {
    /// All its cells.
    pub fn cells(&self) -> Vec<Cell> {
        let mut cells = Vec::new();
        Share::default().change(self, |key, (numerator, denominator)| {
            cells.push(Cell { key, numerator, denominator });
        });
        cells
    }

    /// Tells what changes in which cell when this share becomes the other one. A cell may come twice.
    pub fn change(&self, new: &Share, mut add: impl FnMut(CellKey, (i64, i64))) {
        if self.keys != new.keys {
            for count in &self.counts {
                self.keys.each(count, (-count.numerator, -count.denominator), &mut add);
            }
            for count in &new.counts {
                new.keys.each(count, (count.numerator, count.denominator), &mut add);
            }
            return;
        }
        for count in &new.counts {
            let old = self.counts.iter().find(|old| old.like(count));
            let (numerator, denominator) = old.map_or((0, 0), |old| (old.numerator, old.denominator));
            let change = (count.numerator - numerator, count.denominator - denominator);
            if change != (0, 0) {
                new.keys.each(count, change, &mut add);
            }
        }
        for count in self.counts.iter().filter(|old| !new.counts.iter().any(|count| count.like(old))) {
            self.keys.each(count, (-count.numerator, -count.denominator), &mut add);
        }
    }
}

impl Keys {
    /// The cells of one indicator.
    fn each(&self, count: &Count, change: (i64, i64), add: &mut impl FnMut(CellKey, (i64, i64))) {
        let mut add_to = |dimension, key: &Short, change| {
            let key = CellKey {
                mechanism: self.mechanism.clone(),
                indicator: count.indicator.clone(),
                dimension,
                key: key.clone(),
                period: count.period.clone(),
                bucket: count.bucket,
            };
            add(key, change);
        };
        let mut put_change = |dimension, key: &Short, change| {
            add_to(dimension, key, change);
            let within = self.apart.as_ref().and_then(|above| apart_key(above, dimension, key));
            within.iter().for_each(|key| add_to(Dimension::Apart, key, change));
        };
        if count.by.place {
            for (place, gained) in &self.moved {
                let change = if *gained { change } else { (-change.0, -change.1) };
                put_change(Dimension::Moved, place, change);
            }
        }
        let mut put = |dimension, key: &Short| put_change(dimension, key, change);
        if count.by.place {
            self.places.iter().for_each(|place| put(Dimension::Place, place));
        }
        if count.by.unit {
            self.unit.iter().for_each(|unit| put(Dimension::Unit, unit));
        }
        if count.by.kind {
            self.kinds.iter().for_each(|kind| put(Dimension::Kind, kind));
        }
        if count.by.parent {
            self.parents.iter().for_each(|parent| put(Dimension::Parent, parent));
        }
        for (at, (field, values)) in self.fields.iter().enumerate() {
            if count.by.fields & 1 << at != 0 {
                values.iter().for_each(|value| put(Dimension::Field, &format_short!("{field}={value}")));
            }
        }
    }
}

/// Dimensions that are counted within the record that keeps its parts apart too.
const WITHIN: [Dimension; 5] =
    [Dimension::Place, Dimension::Moved, Dimension::Unit, Dimension::Kind, Dimension::Field];

/// The key under which a place, unit, kind or field is counted within the record that keeps its parts apart;
/// none for what is not counted so.
pub fn apart_key(above: &str, dimension: Dimension, key: &str) -> Option<Short> {
    WITHIN.contains(&dimension).then(|| format_short!("{above}/{}/{key}", dimension.word()))
}

/// What an [`apart_key`] says: the record above, the dimension, and the key there.
pub fn read_apart_key(key: &str) -> Option<(&str, Dimension, &str)> {
    let (above, rest) = key.split_once('/')?;
    let (word, key) = rest.split_once('/')?;
    Some((above, WITHIN.into_iter().find(|dimension| dimension.word() == word)?, key))
}

/// The change from a record's old share to its new one, zero changes left out.
pub fn delta(old: &Share, new: &Share) -> BTreeMap<CellKey, (i64, i64)> {
    let mut changes: BTreeMap<CellKey, (i64, i64)> = BTreeMap::new();
    old.change(new, |key, change| {
        let sum = changes.entry(key).or_default();
        sum.0 += change.0;
        sum.1 += change.1;
    });
    changes.retain(|_, change| *change != (0, 0));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_share() -> impl Strategy<Value = Share> {
        let count = ("[ab]", "[xy]", prop::option::of(0u16..2), any::<bool>(), -2i64..3, 0i64..2).prop_map(
            |(indicator, period, bucket, place, numerator, denominator)| Count {
                indicator: indicator.into(),
                period: period.into(),
                bucket,
                by: By { place, unit: true, kind: true, parent: true, fields: 1 },
                numerator,
                denominator,
            },
        );
        let keys = (prop::option::of("[pq]"), prop::option::of("[uv]"), prop::collection::vec("[kl]", 0..3));
        (keys, prop::collection::vec(count, 0..5)).prop_map(|((place, unit, kinds), mut counts)| {
            let place: Option<Short> = place.map(Short::from);
            let kinds: Vec<Short> = kinds.into_iter().map(Short::from).collect();
            // A record counts at most once for an indicator.
            counts.dedup_by(|a, b| a.indicator == b.indicator);
            counts.sort_by(|a, b| a.indicator.cmp(&b.indicator));
            counts.dedup_by(|a, b| a.indicator == b.indicator);
            let keys = Keys {
                mechanism: "m".into(),
                places: place.clone().into_iter().collect(),
                apart: place.clone(),
                moved: place.map(|place| (place, true)).into_iter().collect(),
                unit: unit.map(Short::from),
                fields: vec![("f".into(), kinds.clone())],
                kinds,
                parents: Vec::new(),
            };
            Share { keys, counts }
        })
    }

    fn sums(share: &Share) -> BTreeMap<CellKey, (i64, i64)> {
        delta(&Share::default(), share)
    }

    proptest! {
        #[test]
        fn a_change_added_to_the_old_cells_gives_the_new_ones(old in any_share(), new in any_share()) {
            let mut cells = sums(&old);
            for (key, change) in delta(&old, &new) {
                let sum = cells.entry(key).or_default();
                sum.0 += change.0;
                sum.1 += change.1;
            }
            cells.retain(|_, sum| *sum != (0, 0));
            prop_assert_eq!(cells, sums(&new));
        }
    }
}
