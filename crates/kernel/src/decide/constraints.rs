//! Constraints, asked of a record as a step would leave it.

use gongzhi_lang::model::{Mechanism, Rule};

use super::Run;
use crate::claims::{self, BadSpan};
use crate::eval::Scope;
use crate::record::Record;
use crate::refusal::{Fault, FieldFault, Refusal};
use crate::rights;

impl Run<'_> {
    /// Refuses what a constraint forbids. Only what the record did not claim before is looked up: whom it
    /// was not in the way of then, it is not now.
    pub(super) fn constrained(&self, mechanism: &Mechanism, after: &Record) -> Result<(), Refusal> {
        // Most mechanisms have none: nothing is looked up for them.
        if mechanism.constraints.is_empty() {
            return Ok(());
        }
        let zone = self.case.world.zone;
        let before = self.find(after.id);
        for constraint in &mechanism.constraints {
            let clash = |other: Option<&Record>| Refusal::Clash {
                words: constraint.words.clone(),
                clause: constraint.clause.clone(),
                other: other.and_then(|other| self.shown(mechanism, other)),
            };
            if !claims::demanded(constraint, mechanism, after) {
                continue;
            }
            if let Rule::Balanced { left, right } = &constraint.rule {
                let scope = Scope::of(mechanism, after, self.case.world, self.at);
                if scope.eval(left) != scope.eval(right) {
                    // No other record stands in the way: it is what this one says.
                    let (words, clause) = (constraint.words.clone(), constraint.clause.clone());
                    return Err(Refusal::Need { words, clause });
                }
                continue;
            }
            if let Rule::NoOverlap { from, to, .. } = &constraint.rule {
                claims::check_span(after, from, to, zone).map_err(|bad| {
                    let fault = match bad {
                        BadSpan::Backwards => Fault::EndsBefore,
                        BadSpan::TooLong => Fault::TooManyDays(claims::MOST_DAYS),
                    };
                    Refusal::Fields(vec![FieldFault { field: to.clone(), fault }])
                })?;
            }
            let mut wanted = claims::by(constraint, mechanism, after, zone);
            if let Some(before) = &before {
                let held = claims::by(constraint, mechanism, before, zone);
                // A span may change within the days that it holds already: then they are asked again.
                let same = held == wanted && claims::meet(constraint, before, after, zone);
                let unique = matches!(constraint.rule, Rule::Unique(_));
                if same && (unique || fields_same(&constraint.rule, before, after)) {
                    wanted.clear();
                }
            }
            if wanted.is_empty() {
                continue;
            }
            let made = self.made.records.values().filter(|one| one.mechanism == after.mechanism);
            let held = (self.case.holders)(&wanted);
            let found = held.into_iter().filter_map(|id| self.find(id));
            let mut in_the_way = found.chain(made.cloned()).filter(|other| {
                let law = self.case.laws.version(&other.mechanism, other.version);
                let ruled = law.and_then(|law| {
                    let same = law.constraints.iter().find(|one| one.name == constraint.name)?;
                    Some(claims::demanded(same, law, other))
                });
                other.id != after.id
                    && other.mechanism == after.mechanism
                    && ruled == Some(true)
                    && claims::meet(constraint, after, other, zone)
            });
            if let Some(other) = in_the_way.next() {
                return Err(clash(Some(&other)));
            }
        }
        Ok(())
    }

    /// The record in the way, told only to who may read it.
    fn shown(&self, mechanism: &Mechanism, other: &Record) -> Option<(gongzhi_base::RecordId, String)> {
        rights::may_read(mechanism, self.actor, other, self.case.world)
            .then(|| (other.id, other.number.clone()))
    }
}

fn fields_same(rule: &Rule, before: &Record, after: &Record) -> bool {
    match rule {
        Rule::NoOverlap { from, to, .. } => {
            [from, to].into_iter().all(|field| before.fields.get(field) == after.fields.get(field))
        }
        _ => true,
    }
}
