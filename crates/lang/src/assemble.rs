//! From checked declarations to what the kernel runs. A mechanism with an error, or one that rests
//! on such a mechanism, stays out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gongzhi_base::Words;

use crate::ast::{self, ClauseAt, Code};
use crate::constraint;
use crate::diagnostic::Faults;
use crate::expr::Expr;
use crate::literate::{Block, title_words};
use crate::model::*;
use crate::source::{Source, Spanned};
use crate::view::{Shape, View};
use crate::walk;
use crate::world::World;

/// Everything without errors.
pub fn library(world: &World<'_>, sources: &[Source], outlines: &[Vec<Block>], faults: &Faults) -> Library {
    let mut mechanisms = BTreeMap::new();
    let heads = heads(world);
    for mechanism in &world.documents.mechanisms {
        let faulty = mechanism.incomplete || mechanism.blocks.iter().any(|block| faults.error_within(*block));
        if faulty {
            continue;
        }
        if let Some(built) = (Build { world, mechanism, heads: &heads }).mechanism() {
            mechanisms.entry(built.name.clone()).or_insert_with(|| Arc::new(built));
        }
    }
    drop_dependent(world, &mut mechanisms);
    let documents = sources.iter().zip(outlines).map(|(source, outline)| {
        let mut document = document(source, outline, &mechanisms);
        let set = world.documents.settings.iter().any(|setting| setting.document == document.name);
        if set && document.mechanisms.is_empty() {
            document.sort = Sort::Example;
        }
        (document.name.clone(), document)
    });
    Library {
        documents: documents.collect(),
        roles: world.documents.roles.iter().map(|role| (role.name.value.clone(), self::role(role))).collect(),
        catalogues: world.catalogues.clone(),
        mechanisms,
    }
}

/// A catalogue and the name of a field that names the entry under which the rows of a table stand.
type Head<'w> = (&'w str, &'w str);

fn heads<'w>(world: &World<'w>) -> BTreeSet<Head<'w>> {
    let fields = world.documents.mechanisms.iter().flat_map(|mechanism| &mechanism.fields);
    fields.filter_map(|field| Some((field.each.as_ref()?.text(), field.under.as_ref()?.text()))).collect()
}

fn role(role: &ast::Role) -> Role {
    Role {
        name: role.name.value.clone(),
        words: role.words.clone(),
        at: role.at.clone(),
        in_unit: role.in_unit,
    }
}

fn document(source: &Source, outline: &[Block], mechanisms: &BTreeMap<String, Arc<Mechanism>>) -> Document {
    let title = outline.iter().find_map(|block| match block {
        Block::Heading { level: 1, text, .. } => Some(title_words(text)),
        _ => None,
    });
    let own = mechanisms.values().filter(|mechanism| mechanism.document == source.name());
    let rules = own.clone().any(|mechanism| mechanism.register.is_none());
    Document {
        name: source.name().to_owned(),
        title: title.unwrap_or_default(),
        source: source.text.clone(),
        mechanisms: own.map(|mechanism| mechanism.name.clone()).collect(),
        sort: if rules { Sort::Rules } else { Sort::Registers },
    }
}

/// Takes out mechanisms that refer to one that is not there, until none does.
fn drop_dependent(world: &World<'_>, mechanisms: &mut BTreeMap<String, Arc<Mechanism>>) {
    loop {
        let names: BTreeSet<String> = mechanisms.keys().cloned().collect();
        let registers: BTreeSet<String> =
            mechanisms.values().filter_map(|one| one.register.clone()).collect();
        let rests_well = |mechanism: &Mechanism| {
            let there = |name: &String| names.contains(name);
            let columns =
                mechanism.fields.iter().flat_map(|field| &field.columns).map(|column| &column.field);
            let records = mechanism.fields.iter().chain(columns).all(|field| match item(&field.ty) {
                Type::Record(name) => there(name),
                _ => true,
            });
            let opens = mechanism
                .steps
                .iter()
                .filter_map(|step| step.opens.as_ref())
                .all(|one| there(&one.mechanism));
            let reads = world.mechanism(&mechanism.name).is_none_or(|ast| {
                crate::walk::registers(ast).iter().all(|register| registers.contains(register))
            });
            let recurs = mechanism.recurs.iter().filter_map(|recurs| recurs.source.as_ref()).all(there);
            let proposes =
                mechanism.steps.iter().flat_map(|step| &step.proposes).all(|one| there(&one.mechanism));
            records && opens && proposes && recurs && reads && mechanism.parent.iter().all(there)
        };
        let before = mechanisms.len();
        mechanisms.retain(|_, mechanism| rests_well(mechanism));
        if mechanisms.len() == before {
            return;
        }
    }
}

fn item(ty: &Type) -> &Type {
    match ty {
        Type::List(item) => item,
        ty => ty,
    }
}

/// The fields by which an indicator is counted.
fn by_fields(indicator: &ast::Indicator) -> impl Iterator<Item = &str> {
    let words = indicator.by.iter().map(|word| word.text());
    words.filter(|word| !matches!(*word, "place" | "unit" | "kind" | "month" | "parent"))
}

struct Build<'a> {
    world: &'a World<'a>,
    mechanism: &'a ast::Mechanism,
    heads: &'a BTreeSet<Head<'a>>,
}

fn value(word: &Option<crate::source::Word>) -> Option<String> {
    word.as_ref().map(|word| word.value.clone())
}

fn values(words: &[crate::source::Word]) -> Vec<String> {
    words.iter().map(|word| word.value.clone()).collect()
}

fn expr(code: &Code) -> Option<Expr> {
    code.typed.get().cloned()
}

fn exprs(pairs: &[(crate::source::Word, Code)]) -> Option<Vec<(String, Expr)>> {
    pairs.iter().map(|(field, code)| Some((field.value.clone(), expr(code)?))).collect()
}

fn proposal(proposal: &crate::offer::Proposal) -> Option<Proposal> {
    Some(Proposal {
        field: proposal.field.value.clone(),
        mechanism: proposal.mechanism.value.clone(),
        when: match &proposal.when {
            None => None,
            Some(code) => Some(expr(code)?),
        },
        most: proposal.most,
        with: exprs(&proposal.with)?,
    })
}

fn who_list(list: &[Spanned<ast::Who>]) -> Vec<Who> {
    list.iter()
        .map(|who| match &who.value {
            ast::Who::Anyone => Who::Anyone,
            ast::Who::Holder => Who::Holder,
            ast::Who::System => Who::System,
            ast::Who::Role(role) => Who::Role(role.clone()),
            ast::Who::RoleOf { role, field } => Who::RoleOf { role: role.clone(), field: field.clone() },
        })
        .collect()
}

/// Builds one mechanism. `None` where a fault has left a gap; the fault itself has been told.
impl Build<'_> {
    fn clause(&self, at: &ClauseAt) -> Clause {
        Clause {
            document: self.mechanism.document.clone(),
            heading: at.heading.clone(),
            anchor: at.anchor.clone(),
            basis: at.basis.clone(),
        }
    }

    fn mechanism(&self) -> Option<Mechanism> {
        let mechanism = self.mechanism;
        let fields: Option<Vec<Field>> = mechanism.fields.iter().map(|field| self.field(field)).collect();
        let fields = fields.map(|mut fields| {
            let recurs = mechanism.recurs.iter();
            for (recurs, period) in recurs.filter_map(|recurs| Some((recurs, recurs.period.as_ref()?))) {
                let named = fields.iter_mut().find(|field| field.name == period.value);
                named.into_iter().for_each(|field| field.period = Some(recurs.every));
            }
            fields
        });
        let steps: Option<Vec<Step>> = mechanism.steps.iter().map(|step| self.step(step)).collect();
        let deadlines: Option<Vec<Deadline>> =
            mechanism.deadlines.iter().map(|one| self.deadline(one)).collect();
        let constraints: Option<Vec<Constraint>> =
            mechanism.constraints.iter().map(|one| self.constraint(one)).collect();
        let indicators: Option<Vec<Indicator>> =
            mechanism.indicators.iter().map(|one| self.indicator(one)).collect();
        let written = mechanism.views.iter();
        let views: Option<Vec<View>> =
            written.map(|view| view.built(mechanism, self.clause(&view.clause))).collect();
        let mut views = views?;
        if !views.iter().any(|view| matches!(view.shape, Shape::List | Shape::Register)) {
            views.push(crate::view::plain(mechanism));
        }
        Some(Mechanism {
            name: mechanism.name.value.clone(),
            version: mechanism.version,
            words: mechanism.words.clone(),
            document: mechanism.document.clone(),
            register: value(&mechanism.register),
            parent: value(&mechanism.parent),
            apart: self.apart(),
            lives_at: mechanism.lives_at.clone(),
            number: value(&mechanism.number),
            receipt: mechanism.receipt,
            title: value(&mechanism.title),
            place: value(&mechanism.place),
            unit: value(&mechanism.unit),
            kind: value(&mechanism.kind),
            readers: who_list(&mechanism.readers),
            fields: fields?,
            states: mechanism.states.iter().map(|state| self.state(state)).collect(),
            steps: steps?,
            deadlines: deadlines?,
            indicators: indicators?,
            duplicates: mechanism.duplicates.as_ref().map(|one| self.duplicates(one)),
            notices: mechanism
                .notices
                .iter()
                .map(|one| one.built(self.clause(&one.clause), who_list(&one.to)))
                .collect(),
            kept: crate::view::kept(&views, mechanism.indicators.iter().flat_map(by_fields)),
            views,
            prints: mechanism.prints.iter().map(|one| one.built(self.clause(&one.clause))).collect(),
            sheet: mechanism.sheet.as_ref().map(|one| one.built(self.clause(&one.clause))),
            constraints: constraints?,
            calendar: mechanism.calendar.as_ref().map(|entry| CalendarEntry {
                from: entry.from.value.clone(),
                to: value(&entry.to),
                at: value(&entry.at),
            }),
            recurs: match &mechanism.recurs {
                None => None,
                Some(recurs) => Some(self.recurs(recurs)?),
            },
            published: mechanism.published.as_ref().map(|one| one.built(self.clause(&one.clause))),
            by_fields: {
                let mut all: Vec<String> =
                    mechanism.indicators.iter().flat_map(by_fields).map(str::to_owned).collect();
                all.sort();
                all.dedup();
                all
            },
            told: crate::walk::told(mechanism),
            _sealed: Sealed::new(),
        })
    }

    fn apart(&self) -> Option<Apart> {
        let named = self.mechanism.apart.as_ref()?;
        let at = self.world.above(self.mechanism).iter().position(|above| *above == named.text())?;
        Some(Apart { mechanism: named.value.clone(), above: at + 1 })
    }

    fn field(&self, field: &ast::Field) -> Option<Field> {
        let ty = field.ty.as_ref()?;
        let personal = match &field.personal {
            None => None,
            Some(personal) => Some(Personal {
                purpose: personal.purpose.clone()?,
                audience: who_list(&personal.audience),
                keep: personal.keep?,
                mask: field.mask.unwrap_or(Mask::All),
            }),
        };
        let columns: Option<Vec<Column>> = field
            .columns
            .iter()
            .flatten()
            .map(|column| Some(Column { field: self.field(&column.field)?, optional: column.optional }))
            .collect();
        Some(Field {
            name: field.name.value.clone(),
            words: Words::new(field.zh.clone()?, field.en.clone()?),
            help: field.help.clone().unwrap_or_default(),
            ty: ty.ty.clone(),
            photo: ty.photo,
            amount: ty.amount,
            min: field.min.as_ref().map(|min| min.value),
            max: field.max.as_ref().map(|max| max.value),
            lines: field.lines.unwrap_or(1),
            options: field
                .options
                .iter()
                .flatten()
                .map(|(name, words)| (name.value.clone(), words.clone()))
                .collect(),
            levels: field.levels.clone().unwrap_or_default(),
            kinds: field.kinds.clone().unwrap_or_default(),
            public: field.public.unwrap_or(false),
            personal,
            element: value(&field.element),
            columns: columns?,
            each: value(&field.each),
            under: value(&field.under),
            within: value(&field.within),
            usual: field.usual.as_ref().and_then(|usual| u32::try_from(usual.value).ok()),
            period: None,
            heads: match &ty.ty {
                Type::Entry(catalogue) => self.heads.contains(&(catalogue.as_str(), field.name.text())),
                _ => false,
            },
            is: match &field.is {
                None => None,
                Some(code) => Some(expr(code)?),
            },
            clause: self.clause(&field.clause),
        })
    }

    fn state(&self, state: &ast::State) -> State {
        State {
            name: state.name.value.clone(),
            words: state.words.clone(),
            waits: who_list(&state.waits),
            tone: state.tone,
            is_final: state.is_final,
            clause: self.clause(&state.clause),
        }
    }

    fn step(&self, step: &ast::Step) -> Option<Step> {
        let by = who_list(&step.by);
        let open_to_all = by.iter().any(|who| matches!(who, Who::Anyone | Who::Holder));
        let opens = match &step.opens {
            None => None,
            Some(opens) => Some(Opens {
                mechanism: opens.mechanism.value.clone(),
                for_each: opens.for_each.value.clone(),
                item_as: value(&opens.item_as),
                when: match &opens.when {
                    None => None,
                    Some(code) => Some(expr(code)?),
                },
                with: exprs(&opens.with)?,
            }),
        };
        let proposes: Option<Vec<Proposal>> = step.proposes.iter().map(proposal).collect();
        let calls = match &step.calls {
            None => None,
            Some(calls) => Some(Calls {
                record: calls.record.value.clone(),
                step: calls.step.value.clone(),
                with: exprs(&calls.with)?,
            }),
        };
        let extends = match &step.extends {
            None => None,
            Some(extends) => {
                Some(Extends { deadline: extends.deadline.value.clone(), by: expr(&extends.by)? })
            }
        };
        let auto = match &step.auto {
            None => None,
            Some(code) => Some(expr(code)?),
        };
        let needs: Option<Vec<Need>> = step.needs.iter().map(|need| self.need(need, step)).collect();
        let asks = step.asks.iter().map(|ask| Ask { field: ask.field.value.clone(), optional: ask.optional });
        Some(Step {
            name: step.name.value.clone(),
            words: step.words.clone(),
            note: step.note.clone(),
            from: values(&step.from),
            to: value(&step.to),
            public: step.public.unwrap_or(open_to_all),
            by,
            asks: asks.collect(),
            needs: needs?,
            set: exprs(&step.set)?,
            auto,
            opens,
            proposes: proposes?,
            calls,
            extends,
            moves: step.moves.is_some(),
            clause: self.clause(&step.clause),
        })
    }

    fn need(&self, need: &ast::Need, step: &ast::Step) -> Option<Need> {
        let mut clause = self.clause(&step.clause);
        if !need.basis.is_empty() {
            clause.basis = need.basis.clone();
        }
        let when = expr(need.when.as_ref()?)?;
        let mut reads = Vec::new();
        walk::exprs(&when, &mut |part| {
            if let Expr::Field(name) | Expr::Has(name) | Expr::Given(name) = part {
                reads.extend(step.asks.iter().any(|ask| ask.field.value == *name).then(|| name.clone()));
            }
        });
        Some(Need { when, reads, words: need.words.clone(), clause })
    }

    fn deadline(&self, deadline: &ast::Deadline) -> Option<Deadline> {
        Some(Deadline {
            name: deadline.name.value.clone(),
            words: deadline.words.clone(),
            starts: values(&deadline.starts),
            ends: deadline.ending().map(|word| word.value.clone()).collect(),
            limit: self.limit(deadline)?,
            pauses: values(&deadline.pauses),
            warns: deadline.warns,
            late: deadline.comes().map(|word| word.value.clone()),
            moment: deadline.then.is_some(),
            clause: self.clause(&deadline.clause),
        })
    }

    fn limit(&self, deadline: &ast::Deadline) -> Option<Limit> {
        let Some(due) = &deadline.due else {
            return Some(Limit::Within(expr(deadline.within.as_ref()?)?));
        };
        let field = due.of.as_ref().and_then(|of| self.mechanism.field(of.text()));
        let base = match (&due.date, field) {
            (Some(date), _) => Some(expr(date)?),
            (None, Some(field)) => Some(Expr::Field(field.name.value.clone())),
            (None, None) => None,
        };
        Some(Limit::Due(Due { text: due.text.clone(), rule: due.rule, base }))
    }

    fn recurs(&self, recurs: &ast::Recurs) -> Option<Recurs> {
        Some(Recurs {
            every: recurs.every,
            on: recurs.on,
            step: recurs.step.value.clone(),
            source: value(&recurs.source),
            item_as: value(&recurs.item_as),
            when: match &recurs.when {
                None => None,
                Some(code) => Some(expr(code)?),
            },
            period: value(&recurs.period),
            all_missed: recurs.all_missed,
            with: exprs(&recurs.with)?,
            previous: match &recurs.previous {
                None => None,
                Some(previous) => Some(Previous {
                    item_as: previous.item_as.value.clone(),
                    when: match &previous.when {
                        None => None,
                        Some(code) => Some(expr(code)?),
                    },
                    with: exprs(&previous.with)?,
                }),
            },
            clause: self.clause(&recurs.clause),
        })
    }

    fn indicator(&self, indicator: &ast::Indicator) -> Option<Indicator> {
        let measure = match indicator.measure.as_ref()? {
            ast::Measure::Count(code) => Measure::Count(expr(code)?),
            ast::Measure::Sum(code) => Measure::Sum(expr(code)?),
            ast::Measure::Ratio { of, to } => Measure::Ratio { of: expr(of)?, to: expr(to)? },
            ast::Measure::Percentile { from, to, points, unit } => {
                Measure::Percentile { from: expr(from)?, to: expr(to)?, points: points.clone(), unit: *unit }
            }
        };
        let at = match indicator.at.as_ref().map(|word| word.text()) {
            None | Some("opened") => At::Opened,
            Some("now") => At::Now,
            Some(field) => At::Field(field.to_owned()),
        };
        let by = indicator.by.iter().filter_map(|word| match word.text() {
            "place" => Some(Dimension::Place),
            "unit" => Some(Dimension::Unit),
            "kind" => Some(Dimension::Kind),
            "month" => Some(Dimension::Month),
            "parent" => Some(Dimension::Parent),
            _ => None,
        });
        let fields: Vec<String> = by_fields(indicator).map(str::to_owned).collect();
        let by = by.chain((!fields.is_empty()).then_some(Dimension::Field));
        Some(Indicator {
            name: indicator.name.value.clone(),
            words: indicator.words.clone(),
            measure,
            at,
            by: by.collect(),
            fields,
            target: indicator.target,
            clause: self.clause(&indicator.clause),
        })
    }

    fn constraint(&self, constraint: &constraint::Constraint) -> Option<Constraint> {
        let together = |fields: &[crate::source::Word], within: &[crate::source::Word]| Together {
            fields: values(fields),
            within: within.iter().filter_map(|word| Within::read(word.text())).collect(),
        };
        let rule = match &constraint.rule {
            constraint::Rule::Unique { fields, within } => Rule::Unique(together(fields, within)),
            constraint::Rule::NoOverlap { fields, within, from, to } => Rule::NoOverlap {
                of: together(fields, within),
                from: from.value.clone(),
                to: to.value.clone(),
            },
            constraint::Rule::Balanced(left, right) => {
                Rule::Balanced { left: expr(left.as_ref()?)?, right: expr(right.as_ref()?)? }
            }
        };
        Some(Constraint {
            name: constraint.name.value.clone(),
            words: constraint.words.clone(),
            rule,
            holds: match &constraint.holds {
                constraint::Holds::Open => Holds::Open,
                constraint::Holds::Always => Holds::Always,
                constraint::Holds::States(states) => Holds::States(values(states)),
            },
            clause: self.clause(&constraint.clause),
        })
    }

    fn duplicates(&self, duplicates: &ast::Duplicates) -> Duplicates {
        // Nearness is measured between points: the one named, else the only kind of field it can be.
        let first_point = || self.mechanism.fields.iter().find(|field| field.type_of() == Some(&Type::Point));
        let point = value(&duplicates.point).or_else(|| first_point().map(|field| field.name.value.clone()));
        Duplicates {
            words: duplicates.words.value.clone(),
            point: point.filter(|_| duplicates.metres > 0),
            days: duplicates.days,
            metres: duplicates.metres,
            into: value(&duplicates.into),
        }
    }
}
