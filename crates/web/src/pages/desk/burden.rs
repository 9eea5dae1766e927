//! What the documents ask of each role: fields and minutes a month, against the county's limits and the
//! version before. Open to everybody of the staff: who bears a burden may see it counted.

use std::collections::BTreeMap;

use axum::extract::{Query, State};
use fluent_bundle::FluentValue;
use gongzhi_lang::burden::{self, Line, Sum, counted, sums};
use gongzhi_lang::model::{Mechanism, Step};
use gongzhi_service::State as County;
use gongzhi_service::burden::Burden;
use serde::Deserialize;

use crate::app::App;
use crate::i18n::{Lang, t, t_with};
use crate::pages::names;
use crate::pages::problem::{Answer, Trouble, ok};
use crate::pages::visitor::{Me, Visitor};
use crate::pages::words::say;
use crate::view::{BurdenPage, Cell, Column, FigureRow, FigureTable, Tone, format};

/// Which role, to see its steps.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    role: String,
}

/// `GET /desk/burden`
pub async fn page(State(app): State<App>, visitor: Visitor, me: Me, Query(asked): Query<Asked>) -> Answer {
    let read = app.read(|service| service.burden());
    let burden = read.await.map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    let state = app.service.state();
    let shown = Shown { lang: visitor.lang, state: &state, burden: &burden };
    let page = BurdenPage {
        roles: shown.roles(&asked.role),
        documents: shown.documents(),
        steps: shown.steps(&asked.role),
        help_href: "/help/elements".into(),
        s: visitor.desk_shell(&app, &me, visitor.t("burden-title")),
    };
    Ok(ok(&page))
}

struct Shown<'a> {
    lang: Lang,
    state: &'a County,
    burden: &'a Burden,
}

impl Shown<'_> {
    fn columns<const N: usize>(&self, keys: [&str; N]) -> Vec<Column> {
        let column = |key| Column { label: t(self.lang, key).into_owned(), ..Column::default() };
        keys.into_iter().map(column).collect()
    }

    fn role(&self, role: &str) -> String {
        match role {
            "anyone" | "holder" => t(self.lang, &format!("burden-{role}")).into_owned(),
            role => names::role(self.lang, self.state, role),
        }
    }

    /// A row a role: what is asked in a month, how much of it of one post, and the limit.
    fn roles(&self, chosen: &str) -> FigureTable {
        let sums = sums(&self.burden.lines, |line| &line.role);
        let most = sums.values().map(Sum::minutes).max().unwrap_or(1).max(1);
        let rows = sums.iter().map(|(role, sum)| {
            let minutes = counted(role, sum, &self.burden.volumes);
            let limit = self.burden.limits.iter().find(|limit| limit.role == *role);
            let tone = match limit {
                Some(limit) if minutes > limit.minutes => Tone::Late,
                Some(_) => Tone::Good,
                None => Tone::Plain,
            };
            let href = format!("/desk/burden?role={role}#steps");
            let posts = self.burden.volumes.posts.get(*role);
            let share = sum.minutes() as f64 / most as f64;
            FigureRow {
                label: self.role(role),
                href: if *role == chosen { String::new() } else { href.clone() },
                cells: vec![
                    number(posts.copied()),
                    number(Some(sum.times / 1_000)),
                    number(Some(sum.fields / 1_000)),
                    Cell { share, href, ..number(Some(sum.minutes())) },
                    Cell { tone, note: self.once(role), ..number(Some(minutes)) },
                    number(limit.map(|limit| limit.minutes)),
                ],
                ..FigureRow::default()
            }
        });
        FigureTable {
            id: "roles".into(),
            title: t(self.lang, "burden-by-role").into_owned(),
            note: t(self.lang, "burden-by-role-note").into_owned(),
            row_head: t(self.lang, "burden-role").into_owned(),
            columns: self.columns([
                "burden-posts",
                "burden-times",
                "burden-fields",
                "burden-minutes",
                "burden-each",
                "burden-limit",
            ]),
            rows: rows.collect(),
            total: None,
        }
    }

    /// Residents are not counted by the month: what counts is how long one form takes.
    fn once(&self, role: &str) -> String {
        match role {
            "anyone" | "holder" => t(self.lang, "burden-once").into_owned(),
            _ => String::new(),
        }
    }

    /// A row a mechanism: now, and what the version before asked at the same volumes.
    fn documents(&self) -> FigureTable {
        let now = sums(&self.burden.lines, |line| &line.mechanism);
        let before = sums(&self.burden.before, |line| &line.mechanism);
        let mechanisms = self.state.laws.library.mechanisms.values();
        let mut rows: Vec<(u64, FigureRow)> = mechanisms
            .filter_map(|mechanism| {
                let sum = now.get(mechanism.name.as_str())?;
                Some((sum.millis, self.document(mechanism, sum, before.get(mechanism.name.as_str()))))
            })
            .collect();
        rows.sort_by_key(|(millis, _)| std::cmp::Reverse(*millis));
        FigureTable {
            id: "documents".into(),
            title: t(self.lang, "burden-by-document").into_owned(),
            note: t(self.lang, "burden-by-document-note").into_owned(),
            row_head: t(self.lang, "burden-document").into_owned(),
            columns: self.columns([
                "burden-asked",
                "burden-asked-before",
                "burden-times",
                "burden-minutes",
                "burden-minutes-before",
            ]),
            rows: rows.into_iter().map(|(_, row)| row).collect(),
            total: None,
        }
    }

    fn document(&self, mechanism: &Mechanism, sum: &Sum, before: Option<&Sum>) -> FigureRow {
        let older = self.state.laws.before(&mechanism.name, mechanism.version);
        let records = format!("/desk/list?mechanism={}", mechanism.name);
        FigureRow {
            label: say(self.lang, &mechanism.words),
            href: format!("/help/{}", mechanism.document),
            cells: vec![
                number(Some(asked(mechanism))),
                number(older.map(|older| asked(older))),
                Cell { href: records, ..number(Some(sum.times / 1_000)) },
                number(Some(sum.minutes())),
                number(before.map(Sum::minutes)),
            ],
            ..FigureRow::default()
        }
    }

    /// The chosen role's steps with every field and its seconds; `None` without a role.
    fn steps(&self, role: &str) -> Option<FigureTable> {
        let mut lines: Vec<&Line> = self.burden.lines.iter().filter(|line| line.role == role).collect();
        if lines.is_empty() {
            return None;
        }
        lines.sort_by_key(|line| std::cmp::Reverse(line.times * u64::from(line.cost.seconds)));
        let rows = lines.into_iter().filter_map(|line| {
            let mechanism = self.state.laws.newest(&line.mechanism)?;
            let step = mechanism.step(&line.step)?;
            let mut sum = Sum::default();
            sum.add(line);
            Some(FigureRow {
                label: format!("{} · {}", say(self.lang, &mechanism.words), say(self.lang, &step.words)),
                href: format!("/help/{}#{}", step.clause.document, step.clause.anchor),
                cells: vec![
                    Cell { note: self.fields(mechanism, step), ..number(Some(line.cost.fields.into())) },
                    number(Some(line.cost.seconds.into())),
                    number(Some(line.times / 1_000)),
                    number(Some(sum.minutes())),
                ],
                ..FigureRow::default()
            })
        });
        Some(FigureTable {
            id: "steps".into(),
            title: t_with(self.lang, "burden-steps", [("role", FluentValue::from(self.role(role)))]),
            note: t(self.lang, "burden-steps-note").into_owned(),
            row_head: t(self.lang, "burden-step").into_owned(),
            columns: self.columns(["burden-fields-each", "burden-seconds", "burden-times", "burden-minutes"]),
            rows: rows.collect(),
            total: None,
        })
    }

    fn fields(&self, mechanism: &Mechanism, step: &Step) -> String {
        let names = step.asks.iter().filter_map(|ask| {
            let field = mechanism.field(&ask.field)?;
            Some(format!(
                "{} {}",
                say(self.lang, &field.words),
                burden::asked(&self.state.laws.library, field).seconds
            ))
        });
        names.collect::<Vec<_>>().join(t(self.lang, "burden-comma").as_ref())
    }
}

/// Different fields that people are asked in one run of a mechanism.
fn asked(mechanism: &Mechanism) -> u64 {
    let people = |step: &&Step| step.by.iter().any(|who| *who != gongzhi_lang::model::Who::System);
    let asked = mechanism.steps.iter().filter(people).flat_map(|step| &step.asks);
    asked.map(|ask| (ask.field.as_str(), ())).collect::<BTreeMap<_, _>>().len() as u64
}

fn number(value: Option<u64>) -> Cell {
    let shown = value.map(|value| format::number(i64::try_from(value).unwrap_or(i64::MAX)));
    Cell { value: shown.unwrap_or_default(), share: -1.0, ..Cell::default() }
}
