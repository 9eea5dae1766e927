//! Every expression against the type that its place wants.

use crate::ast::{Code, Measure, Mechanism, Opens};
use crate::diagnostic::Faults;
use crate::expr::types::{Scope, Use, check as check_type, check_row};
use crate::model::Type;
use crate::source::Word;
use crate::world::World;

/// Types all expressions; the typed forms are kept beside their texts.
pub fn check(world: &World<'_>, faults: &mut Faults) {
    for mechanism in &world.documents.mechanisms {
        let mut typing = Typing { world, mechanism, faults };
        for field in &mechanism.fields {
            if let (Some(is), Some(ty)) = (&field.is, field.type_of()) {
                typing.code(is, ty, Use::Computed);
            }
        }
        typing.steps();
        for date in mechanism.deadlines.iter().filter_map(|deadline| deadline.due.as_ref()?.date.as_ref()) {
            typing.code(date, &Type::Date, Use::Limit);
        }
        typing.recurs();
        for within in mechanism.deadlines.iter().filter_map(|deadline| deadline.within.as_ref()) {
            typing.code(within, &Type::Span, Use::Limit);
        }
        for side in mechanism.constraints.iter().flat_map(|constraint| constraint.codes()) {
            typing.code(side, &Type::Int, Use::Indicator);
        }
        for indicator in &mechanism.indicators {
            match &indicator.measure {
                Some(Measure::Count(code)) => typing.code(code, &Type::Bool, Use::Indicator),
                Some(Measure::Sum(code)) => typing.code(code, &Type::Int, Use::Indicator),
                Some(Measure::Ratio { of, to }) => {
                    typing.code(of, &Type::Bool, Use::Indicator);
                    typing.code(to, &Type::Bool, Use::Indicator);
                }
                Some(Measure::Percentile { from, to, .. }) => {
                    typing.code(from, &Type::Time, Use::Indicator);
                    typing.code(to, &Type::Time, Use::Indicator);
                }
                None => {}
            }
        }
    }
}

struct Typing<'a, 'f> {
    world: &'a World<'a>,
    mechanism: &'a Mechanism,
    faults: &'f mut Faults,
}

impl Typing<'_, '_> {
    fn code(&mut self, code: &Code, wanted: &Type, place: Use) {
        let scope = Scope { world: self.world, mechanism: self.mechanism, place };
        check_type(code, wanted, &scope, self.faults);
    }

    /// What recurrence reads of the records it goes over: expressions in their terms.
    fn recurs(&mut self) {
        let Some(recurs) = &self.mechanism.recurs else { return };
        if let Some(previous) = &recurs.previous {
            if let Some(when) = &previous.when {
                self.code(when, &Type::Bool, Use::Auto);
            }
            for (field, code) in &previous.with {
                if let Some(ty) = self.mechanism.field(field.text()).and_then(|field| field.type_of()) {
                    self.code(code, ty, Use::Auto);
                }
            }
        }
        let source = recurs.source.as_ref().and_then(|source| self.world.mechanism(source.text()));
        let Some(source) = source else { return };
        let scope = Scope { world: self.world, mechanism: source, place: Use::Auto };
        if let Some(when) = &recurs.when {
            check_type(when, &Type::Bool, &scope, self.faults);
        }
        for (field, code) in &recurs.with {
            if let Some(ty) = self.mechanism.field(field.text()).and_then(|field| field.type_of()) {
                check_type(code, ty, &scope, self.faults);
            }
        }
    }

    fn steps(&mut self) {
        let mechanism = self.mechanism;
        for step in &mechanism.steps {
            for when in step.needs.iter().filter_map(|need| need.when.as_ref()) {
                self.code(when, &Type::Bool, Use::Step);
            }
            self.values(&step.set, mechanism);
            if let Some(auto) = &step.auto {
                self.code(auto, &Type::Bool, Use::Auto);
            }
            if let Some(opens) = &step.opens
                && let Some(part) = self.world.mechanism(opens.mechanism.text())
            {
                match mechanism.field(opens.for_each.text()).and_then(|field| field.type_of()) {
                    Some(Type::Rows(columns)) => self.rows(opens, columns, part),
                    _ => self.values(&opens.with, part),
                }
            }
            if let Some(calls) = &step.calls
                && let Some(other) = mechanism.called(calls).and_then(|other| self.world.mechanism(other))
            {
                self.values(&calls.with, other);
            }
            for proposal in &step.proposes {
                self.proposal(proposal);
            }
            if let Some(extends) = &step.extends {
                self.code(&extends.by, &Type::Span, Use::Step);
            }
        }
    }

    /// What a form begins with: expressions in terms of the records that are proposed.
    fn proposal(&mut self, proposal: &crate::offer::Proposal) {
        let Some(source) = self.world.mechanism(proposal.mechanism.text()) else { return };
        let scope = Scope { world: self.world, mechanism: source, place: Use::Auto };
        if let Some(when) = &proposal.when {
            check_type(when, &Type::Bool, &scope, self.faults);
        }
        let table = self.mechanism.field(proposal.field.text());
        let columns = table.and_then(|table| table.columns.as_deref()).unwrap_or_default();
        for (name, code) in &proposal.with {
            let column = columns.iter().find(|column| column.field.name.value == name.value);
            if let Some(ty) = column.and_then(|column| column.field.type_of()) {
                check_type(code, ty, &scope, self.faults);
            }
        }
    }

    /// What a part takes from each row of a table: its columns first, then the record's fields.
    fn rows(&mut self, opens: &Opens, columns: &[(String, Type)], part: &Mechanism) {
        let scope = Scope { world: self.world, mechanism: self.mechanism, place: Use::Step };
        if let Some(when) = &opens.when {
            check_row(when, &Type::Bool, &scope, columns, self.faults);
        }
        for (field, code) in &opens.with {
            if let Some(ty) = part.field(field.text()).and_then(|field| field.type_of()) {
                check_row(code, ty, &scope, columns, self.faults);
            }
        }
    }

    /// Values for fields of a mechanism: this one, a part or another record's.
    fn values(&mut self, values: &[(Word, Code)], of: &Mechanism) {
        for (field, code) in values {
            if let Some(ty) = of.field(field.text()).and_then(|field| field.type_of()) {
                self.code(code, ty, Use::Step);
            }
        }
    }
}
