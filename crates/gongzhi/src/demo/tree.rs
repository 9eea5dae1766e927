//! Records drawn up from a table when the past begins, each under the one above it.

use std::collections::HashMap;
use std::path::Path;

use gongzhi_base::RecordId;
use gongzhi_kernel::decide::PARENT;
use gongzhi_kernel::{Command, Order, Raw};
use gongzhi_service::load;

use super::DemoFault;
use super::fill::{Row, Subject};
use super::pace;
use super::player::{Player, Sent, What};

/// A record to be drawn up from a row.
pub struct Shoot {
    /// Position of the opening among the habits.
    opening: usize,
    id: RecordId,
    parent: Option<RecordId>,
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
            let mut at = self.floor;
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
                at = pace::next(&habits.pace[&known.pace], &self.state.world, at);
                let id = RecordId::at(at, self.chance.ten());
                last.insert(&known.of, id);
                self.push(at, What::Grow(Box::new(Shoot { opening, id, parent, row })));
                at += i64::from(tree.minutes) * pace::HOUR / 60;
            }
        }
        Ok(())
    }

    /// The opening of a row's record.
    pub fn grow(&mut self, shoot: &Shoot, at: i64) -> Option<(Command, Sent)> {
        let opening = &self.habits.openings[shoot.opening];
        let state = self.state.clone();
        let mechanism = state.laws.newest(&opening.of)?;
        let step = mechanism.step(&opening.step)?;
        let opener = self.cast.opener(&opening.by, &[], None, &state.world, &mut self.chance);
        let subject = Subject {
            mechanism,
            step,
            record: None,
            row: Some(&shoot.row),
            at,
            place: &state.world.county,
            story: None,
            echoed: None,
            form: None,
            with: &[],
            manner: 1.0,
        };
        let input = self.words.fill(&opening.fields, &subject, &state.world, &mut self.chance);
        let (Some((actor, _)), Some(mut input)) = (opener, input) else {
            self.done.missed.push(format!("`{}` cannot be filled or opened", opening.name));
            return None;
        };
        if let Some(parent) = shoot.parent {
            input.insert(PARENT.to_owned(), Raw::Text(parent.to_string()));
        }
        let (mechanism, step) = (opening.of.clone(), opening.step.clone());
        let order = Order::Open { mechanism, step, id: shoot.id, input };
        Some((self.command(actor, at, order), Sent::Grow { opening: shoot.opening }))
    }
}
