//! Where places lie and lay: what stands above each of them now and at any time before. A place that
//! was merged lies in the one that took it in; one that was closed stays where it was.

use std::collections::{BTreeMap, BTreeSet};

use gongzhi_base::Timestamp;

/// Most places that can stand above one, merged ones among them. More would be a ring: a damaged
/// register.
const DEPTH: usize = 24;

/// The history of the territory.
#[derive(Clone, Debug, Default)]
pub struct Lineage {
    /// Since when a place lies under which other one, in the order in which it was entered.
    ups: BTreeMap<String, Vec<(Timestamp, Option<String>)>>,
    /// What lies directly under a place now, merged places too.
    under: BTreeMap<String, BTreeSet<String>>,
    /// Whether any place ever lay elsewhere than now, or is gone.
    changed: bool,
}

impl Lineage {
    /// Notes under what a place lies since a time. What it was before stays known.
    pub fn put(&mut self, code: &str, since: Timestamp, up: Option<String>) {
        let ups = self.ups.entry(code.to_owned()).or_default();
        let before = ups.last().map(|(_, up)| up.clone());
        if before.as_ref() == Some(&up) {
            return;
        }
        self.changed |= before.is_some();
        if let Some(under) = before.flatten().and_then(|before| self.under.get_mut(&before)) {
            under.remove(code);
        }
        if let Some(up) = &up {
            self.under.entry(up.clone()).or_default().insert(code.to_owned());
        }
        ups.push((since, up));
    }

    /// Forgets where a place lay before, so that its whole history can be entered anew.
    pub fn forget(&mut self, code: &str) {
        if let Some((_, Some(up))) = self.ups.remove(code).unwrap_or_default().pop()
            && let Some(under) = self.under.get_mut(&up)
        {
            under.remove(code);
        }
    }

    /// Notes that a place is gone. Also where the one above took it in, and it lies where it lay: today's paths leave
    /// it out, those of the past do not.
    pub fn lost(&mut self) {
        self.changed = true;
    }

    /// Whether the past was always as the present is.
    pub fn is_plain(&self) -> bool {
        !self.changed
    }

    /// What lies directly under a place now.
    pub fn under(&self, code: &str) -> impl Iterator<Item = &String> {
        self.under.get(code).into_iter().flatten()
    }

    /// A place and all above it, from below, as it was at a time, or as it is now. Before a place was
    /// entered it counts as lying where it was entered first. Empty for a place that is not known.
    pub fn line(&self, code: &str, at: Option<Timestamp>) -> Vec<String> {
        let mut line = Vec::with_capacity(4);
        let mut next = Some(code);
        while let Some((code, ups)) = next.and_then(|code| self.ups.get_key_value(code)) {
            line.push(code.clone());
            if line.len() > DEPTH {
                return Vec::new();
            }
            let then = at.and_then(|at| ups.iter().rev().find(|(since, _)| *since <= at).or(ups.first()));
            next = then.or(ups.last()).and_then(|(_, up)| up.as_deref());
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(n: i64) -> Timestamp {
        Timestamp(n)
    }

    #[test]
    fn a_place_is_found_where_it_lay_and_where_it_lies() {
        let mut lineage = Lineage::default();
        lineage.put("county", at(0), None);
        for town in ["a", "b"] {
            lineage.put(town, at(0), Some("county".into()));
        }
        lineage.put("v", at(5), Some("a".into()));
        lineage.put("w", at(5), Some("b".into()));
        lineage.put("grid", at(5), Some("v".into()));
        assert!(lineage.is_plain());
        // Entered again as it is: nothing new.
        lineage.put("v", at(7), Some("a".into()));
        assert!(lineage.is_plain());
        lineage.put("v", at(10), Some("b".into()));
        assert_eq!(lineage.line("grid", Some(at(9))), ["grid", "v", "a", "county"]);
        assert_eq!(lineage.line("grid", Some(at(10))), ["grid", "v", "b", "county"]);
        assert_eq!(lineage.line("grid", Some(at(1))), ["grid", "v", "a", "county"], "before it was entered");
        // Merged into another village: found in it, and still by its own name.
        lineage.put("v", at(20), Some("w".into()));
        assert_eq!(lineage.line("grid", None), ["grid", "v", "w", "b", "county"]);
        assert_eq!(lineage.line("grid", Some(at(15))), ["grid", "v", "b", "county"]);
        assert_eq!(lineage.under("w").collect::<Vec<_>>(), ["v"]);
        assert_eq!(lineage.under("a").count(), 0);
        assert!(!lineage.is_plain() && lineage.line("x", None).is_empty());
        // Its history entered anew is the same.
        lineage.forget("v");
        for (since, up) in [(5, "a"), (10, "b"), (20, "w")] {
            lineage.put("v", at(since), Some(up.into()));
        }
        assert_eq!(lineage.line("grid", Some(at(9))), ["grid", "v", "a", "county"]);
    }

    #[test]
    fn a_change_alters_nothing_that_was_before_it_even_when_the_clock_went_back() {
        let mut lineage = Lineage::default();
        for (code, up) in [("a", None), ("b", None), ("c", None), ("v", Some("a"))] {
            lineage.put(code, at(0), up.map(str::to_owned));
        }
        lineage.put("v", at(100), Some("b".into()));
        // A record opened at 90 after the clock was set back lies where the table says.
        let opened = lineage.line("v", Some(at(90)));
        lineage.put("v", at(91), Some("c".into()));
        assert_eq!(lineage.line("v", Some(at(90))), opened);
        assert_eq!(lineage.line("v", Some(at(95))), ["v", "c"]);
    }

    #[test]
    fn a_ring_of_places_has_no_line() {
        let mut lineage = Lineage::default();
        lineage.put("a", at(0), Some("b".into()));
        lineage.put("b", at(0), Some("a".into()));
        assert!(lineage.line("a", None).is_empty());
    }
}
