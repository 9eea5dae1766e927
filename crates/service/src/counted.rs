//! The parts behind a computed number: what a record counts or sums is shown as records.

use std::collections::VecDeque;
use std::sync::Arc;

use gongzhi_base::RecordId;
use gongzhi_kernel::Actor;
use gongzhi_kernel::Record;
use gongzhi_kernel::eval::Scope;
use gongzhi_kernel::record::Part as PartOf;
use gongzhi_lang::expr::{Expr, Over};
use gongzhi_lang::model::Mechanism;

use crate::failure::Failure;
use crate::listing::Listed;
use crate::service::Service;

/// Parts followed at most.
const MOST: usize = 2_000;

/// What a computed field counts.
pub struct Counted {
    /// The record that counts, and its mechanism.
    pub mechanism: Arc<Mechanism>,
    pub record: Record,
    /// The parts counted, as far as the reader may read them.
    pub parts: Vec<Listed>,
    /// How many are counted that the reader may not read.
    pub hidden: usize,
    /// There are more than are followed.
    pub more: bool,
}

/// Parts of one record that an expression counts, or in which it sums a field.
struct Followed {
    parts: Vec<RecordId>,
    field: Option<String>,
}

impl Service {
    /// The parts that a computed field of a record counts, followed down to those that are counted
    /// one by one; `None` for a field that counts no parts.
    pub fn counted(&self, actor: &Actor, id: RecordId, field: &str) -> Result<Option<Counted>, Failure> {
        let (mechanism, record) = self.readable(actor, id)?.ok_or(Failure::NotFound)?;
        if !counts_parts(&mechanism, field) {
            return Ok(None);
        }
        let state = self.state();
        let mut found: Vec<RecordId> = Vec::new();
        let mut more = false;
        let mut todo: VecDeque<(Arc<Mechanism>, Record, String)> = VecDeque::new();
        todo.push_back((mechanism.clone(), record.clone(), field.to_owned()));
        while let Some((mechanism, record, field)) = todo.pop_front() {
            let Some(expr) = mechanism.field(&field).and_then(|field| field.is.as_ref()) else { continue };
            let scope = Scope::of(&mechanism, &record, &state.world, self.now());
            let Some(over) = over(&scope, expr) else { continue };
            for part in over.parts {
                if found.len() + todo.len() >= MOST {
                    more = true;
                    break;
                }
                let Some(name) = &over.field else {
                    found.push(part);
                    continue;
                };
                let part = self.record(part)?;
                let Some(version) = state.laws.version(&part.mechanism, part.version) else { continue };
                // A number that the part does not compute itself counts the part as it stands.
                match counts_parts(version, name) {
                    true => todo.push_back((version.clone(), part, name.clone())),
                    false => found.push(part.id),
                }
            }
        }
        let parts = self.listed_of(actor, &found)?;
        let hidden = found.len() - parts.len();
        Ok(Some(Counted { mechanism, record, parts, hidden, more }))
    }
}

/// Whether a computed field counts parts, or sums over them.
pub fn counts_parts(mechanism: &Mechanism, field: &str) -> bool {
    let is = mechanism.field(field).and_then(|field| field.is.as_ref());
    is.is_some_and(|expr| match expr {
        Expr::Parts(_) | Expr::OpenParts(_) | Expr::CountOver { over: Over::Parts(_), .. } => true,
        Expr::SumOver { over: Over::Parts(_), number } => matches!(number.as_ref(), Expr::Inner(_)),
        _ => false,
    })
}

fn over(scope: &Scope<'_>, expr: &Expr) -> Option<Followed> {
    fn of<'r>(record: &'r Record, name: &'r str) -> impl Iterator<Item = &'r PartOf> {
        record.parts.iter().filter(move |part| part.mechanism == name)
    }
    Some(match expr {
        Expr::Parts(name) => {
            Followed { parts: of(scope.record, name).map(|part| part.id).collect(), field: None }
        }
        Expr::OpenParts(name) => Followed {
            parts: of(scope.record, name).filter(|part| part.open).map(|part| part.id).collect(),
            field: None,
        },
        Expr::CountOver { over: Over::Parts(name), when } => {
            let holds = |told| Scope { inner: Some(told), ..*scope }.holds(when);
            let parts = of(scope.record, name).filter(|part| holds(&part.told)).map(|part| part.id);
            Followed { parts: parts.collect(), field: None }
        }
        Expr::SumOver { over: Over::Parts(name), number } => {
            let Expr::Inner(field) = number.as_ref() else { return None };
            Followed {
                parts: of(scope.record, name).map(|part| part.id).collect(),
                field: Some(field.clone()),
            }
        }
        _ => return None,
    })
}
