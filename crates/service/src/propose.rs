//! Proposals that help a clerk: the kind of a matter by its words, and likely duplicates. A person
//! decides; nothing is merged or classified by itself.

use gongzhi_base::{Point, Timestamp, words};
use gongzhi_kernel::project::Row;
use gongzhi_kernel::{Actor, rights};
use gongzhi_lang::model::{Level, Type};

use crate::failure::Failure;
use crate::service::Service;

/// A proposed entry of a catalogue.
#[derive(Clone, PartialEq, Debug)]
pub struct Proposal {
    pub code: String,
    /// Only for sorting: higher fits better.
    pub weight: u32,
}

/// A record that may tell of the same thing.
#[derive(Clone, PartialEq, Debug)]
pub struct Likely {
    pub row: Row,
    /// 0 to 100.
    pub likeness: u8,
    pub metres: Option<u32>,
}

/// Rows compared at the most.
const COMPARED: u32 = 300;

impl Service {
    /// Kinds that fit a text, best first: words of the catalogue's `words` column and of the names
    /// found in it, longer words counting more.
    pub fn propose_kind(&self, catalogue: &str, text: &str) -> Vec<Proposal> {
        let state = self.state();
        let Some(catalogue) = state.world.catalogue(catalogue) else { return Vec::new() };
        let text = text.to_lowercase();
        let hits = |code: &str, factor: u32| -> u32 {
            let Some(entry) = catalogue.entries.get(code) else { return 0 };
            let words = entry.values.get("words").map(String::as_str).unwrap_or_default();
            let found = words.split_whitespace().filter(|word| contains(&text, &word.to_lowercase()));
            let sum: u32 = found.map(|word| (word.chars().count() as u32).pow(2)).sum();
            let name = if contains(&text, &entry.words.zh) { 9 } else { 0 };
            sum * factor + name
        };
        let deepest = usize::from(catalogue.levels);
        let mut proposals: Vec<Proposal> = catalogue
            .entries
            .values()
            .filter_map(|entry| {
                let path = state.world.entry_path(&catalogue.name, &entry.code);
                if path.len() != deepest {
                    return None;
                }
                let own = hits(&entry.code, 10);
                let above: u32 =
                    path.iter().rev().skip(1).zip([3, 1]).map(|(code, factor)| hits(code, factor)).sum();
                (own + above > 0).then(|| Proposal { code: entry.code.clone(), weight: own + above })
            })
            .collect();
        proposals.sort_by(|a, b| b.weight.cmp(&a.weight).then_with(|| a.code.cmp(&b.code)));
        proposals.truncate(3);
        proposals
    }

    /// Records near in place, time and words, best first, as far as the actor may read them.
    pub fn likely_duplicates(
        &self,
        actor: &Actor,
        mechanism: &str,
        text: &str,
        place: &str,
        point: Option<Point>,
        except: Option<gongzhi_base::RecordId>,
    ) -> Result<Vec<Likely>, Failure> {
        let state = self.state();
        let Some(rule) = state.laws.newest(mechanism).and_then(|m| m.duplicates.clone()) else {
            return Ok(Vec::new());
        };
        // Neighbours of a grid tell of the same pothole: look through the whole village.
        let level = [Level::Village, Level::Township, Level::County]
            .into_iter()
            .find_map(|level| state.world.up(place, level).map(|code| (level, code.to_owned())));
        let Some((level, code)) = level else { return Ok(Vec::new()) };
        let since = Timestamp(self.now().0 - i64::from(rule.days) * 86_400_000);
        let rows = self.ledger().recent_near(mechanism, (level, &code), since, COMPARED)?;
        let mut found = Vec::new();
        for row in rows {
            if Some(row.id) == except {
                continue;
            }
            let likeness = words::likeness(text, &row.title);
            let metres = point.zip(row.point).map(|(a, b)| a.metres_to(b) as u32);
            let near = metres.is_some_and(|metres| metres <= rule.metres);
            let far = metres.is_some_and(|metres| metres > rule.metres.saturating_mul(4));
            // Near in place asks for less likeness of words, far away for more.
            let least = if near {
                0.22
            } else if far {
                0.6
            } else {
                0.35
            };
            if likeness >= least {
                found.push(Likely { row, likeness: (likeness * 100.0).round() as u8, metres });
            }
        }
        found.sort_by_key(|likely| std::cmp::Reverse(likely.likeness));
        found.truncate(5);
        found.retain(|likely| self.may_read_row(actor, &likely.row));
        Ok(found)
    }

    fn may_read_row(&self, actor: &Actor, row: &Row) -> bool {
        let Ok(record) = self.record(row.id) else { return false };
        let state = self.state();
        let mechanism = state.laws.version(&record.mechanism, record.version);
        mechanism.is_some_and(|mechanism| rights::may_read(mechanism, actor, &record, &state.world))
    }

    /// The catalogue of a mechanism's kinds.
    pub fn kind_catalogue(&self, mechanism: &str) -> Option<String> {
        let state = self.state();
        let mechanism = state.laws.newest(mechanism)?;
        match &mechanism.field(mechanism.kind.as_deref()?)?.ty {
            Type::Entry(catalogue) => Some(catalogue.clone()),
            _ => None,
        }
    }
}

/// Whether a text holds a word: Chinese anywhere, others as whole words.
fn contains(text: &str, word: &str) -> bool {
    if word.is_empty() {
        return false;
    }
    if !word.is_ascii() {
        return text.contains(word);
    }
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|known| known == word)
}
