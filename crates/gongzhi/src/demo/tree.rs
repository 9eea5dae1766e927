//! Records drawn up from a table when the past begins, each under the one above it.

use std::collections::HashMap;
use std::path::Path;

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{RecordId, Timestamp};
use gongzhi_kernel::decide::PARENT;
use gongzhi_kernel::{Command, Order, Raw, Record};
use gongzhi_service::{load, recur};
use gongzhi_store::StoreError;

use super::DemoFault;
use super::fill::{Row, Subject};
use super::pace;
use super::player::{Life, Player, Sent, What};

/// A record to be drawn up from a row.
pub struct Shoot {
    /// Position of the opening among the habits.
    opening: usize,
    id: RecordId,
    parent: Option<RecordId>,
    /// At or under this place; anywhere when left out.
    place: Option<String>,
    row: Row,
}

impl Player<'_> {
    /// Plans the records of the county's tables from the beginning of the past on.
    pub fn plan_trees(&mut self, dir: &Path) -> Result<(), DemoFault> {
        let habits = self.habits;
        for tree in &habits.trees {
            let path = dir.join(&tree.file);
            let rows = load::read_csv(&path).map_err(|fault| DemoFault::Tables(format!("{fault:?}")))?;
            // The last record of each mechanism: the one under which its parts stand.
            let mut last: HashMap<&str, RecordId> = HashMap::new();
            let before = tree.before.map(|days| self.until - i64::from(days) * 24 * pace::HOUR);
            let mut at = before.unwrap_or(self.floor).max(self.floor);
            for (line, row) in rows {
                let fault = |why: &str| DemoFault::File {
                    path: format!("{}:{line}", path.display()),
                    why: why.into(),
                };
                let name = row.get(&tree.opening);
                let opening = habits.openings.iter().position(|opening| name == Some(&opening.name));
                let opening = opening.ok_or_else(|| fault("no such opening"))?;
                let known = &habits.openings[opening];
                let mechanism =
                    self.state.laws.newest(&known.of).ok_or_else(|| fault("no such mechanism"))?;
                let parent = match &mechanism.parent {
                    Some(above) => {
                        Some(*last.get(above.as_str()).ok_or_else(|| fault("nothing stands above it"))?)
                    }
                    None => None,
                };
                let later =
                    tree.day.as_ref().and_then(|column| row.get(column)).filter(|text| !text.is_empty());
                let later = later.map(|text| text.parse::<i64>().map_err(|_| fault("no number of days")));
                let later = later.transpose()?.unwrap_or(0) * 24 * pace::HOUR;
                let grown = pace::next(&habits.pace[&known.pace], &self.state.world, at + later);
                // Days are counted from the beginning, whatever a weekend moved.
                if tree.day.is_none() {
                    at = grown;
                }
                let id = RecordId::at(grown, self.chance.ten());
                last.insert(&known.of, id);
                self.push(grown, What::Grow(Box::new(Shoot { opening, id, parent, place: None, row })));
                at += i64::from(tree.minutes) * pace::HOUR / 60;
            }
        }
        Ok(())
    }

    /// The opening of a row's record.
    pub fn grow(&mut self, shoot: &Shoot, needed: bool, at: i64) -> Option<(Command, Sent)> {
        let opening = &self.habits.openings[shoot.opening];
        let state = self.state.clone();
        let mechanism = state.laws.newest(&opening.of)?;
        let step = mechanism.step(&opening.step)?;
        let within = shoot.place.as_deref();
        let opener = self.cast.opener(&opening.by, &[], within, &state.world, &mut self.chance);
        let Some((actor, place)) = opener else {
            self.done.missed.push(format!("nobody opens `{}`", opening.name));
            return None;
        };
        let subject = Subject {
            mechanism,
            step,
            record: None,
            row: Some(&shoot.row),
            at,
            place: &place,
            story: None,
            echoed: None,
            form: None,
            with: &[],
            manner: 1.0,
        };
        let input = self.words.fill(&opening.fields, &subject, &state.world, &mut self.chance);
        let Some(mut input) = input else {
            self.done.missed.push(format!("`{}` cannot be filled", opening.name));
            return None;
        };
        if let Some(parent) = shoot.parent {
            input.insert(PARENT.to_owned(), Raw::Text(parent.to_string()));
        }
        let (mechanism, step) = (opening.of.clone(), opening.step.clone());
        let order = Order::Open { mechanism, step, id: shoot.id, input };
        Some((self.command(actor, at, order), Sent::Grow { opening: shoot.opening, needed }))
    }

    /// The opening of a part of a record.
    pub fn grow_part(&mut self, opening: &str, record: &Record, at: i64) -> Option<(Command, Sent)> {
        let shoot = Shoot {
            opening: self.opening(opening),
            id: RecordId::at(at, self.chance.ten()),
            parent: Some(record.id),
            place: Some(record.place.clone()),
            row: Row::new(),
        };
        self.grow(&shoot, false, at)
    }

    /// Opens, once a day, what opens by itself, and makes it known to people.
    pub fn open_due(&mut self, start: i64) -> Result<(), DemoFault> {
        let today = Some(self.state.world.zone.date(Timestamp(start)));
        if self.looked == today {
            return Ok(());
        }
        self.looked = today;
        if recur::open_due(self.service, Timestamp(start))? == 0 {
            return Ok(());
        }
        let state = self.state.clone();
        for mechanism in state.laws.library.mechanisms.values().filter(|known| known.recurs.is_some()) {
            for bytes in self.service.ledger().snapshots(&mechanism.name)? {
                let record = Record::from_bytes(&bytes)
                    .map_err(|error| StoreError::Corrupt(format!("a record: {error}")))?;
                if record.changed.0 >= start && !self.lives.contains_key(&record.id) {
                    self.lives.insert(record.id, Life::default());
                    self.plan_next(&record, start);
                }
            }
        }
        Ok(())
    }
}
