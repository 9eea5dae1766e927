//! The parts of a record on its page, two levels deep with their totals, and the way to add one.

use gongzhi_base::Value;
use gongzhi_lang::model::Type;
use gongzhi_service::desk::{PartView, RecordView};

use super::show::Gaze;
use crate::i18n::t_with;
use crate::pages::fields;
use crate::pages::rows::record_row;
use crate::pages::words::say;
use crate::view::{Action, Child, Fact, PartGroup};

/// The parts, by kind in the order in which they came.
pub fn groups(gaze: &Gaze<'_>, view: &RecordView) -> Vec<PartGroup> {
    let mut groups: Vec<(String, PartGroup)> = Vec::new();
    for part in &view.tree {
        let name = part.mechanism.name.clone();
        let at = groups.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
            groups.push((name.clone(), head(gaze, view, part)));
            groups.len() - 1
        });
        groups[at].1.parts.push(child(gaze, part));
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn head(gaze: &Gaze<'_>, view: &RecordView, part: &PartView) -> PartGroup {
    let name = &part.mechanism.name;
    let all = view.record.parts.iter().filter(|known| known.mechanism == *name);
    let (total, closed) = (all.clone().count(), all.filter(|known| !known.open).count());
    let shown = view.tree.iter().filter(|known| known.mechanism.name == *name).count();
    let pairs = [("n", (total as i64).into()), ("done", (closed as i64).into())];
    PartGroup {
        title: say(gaze.lang, &part.mechanism.words),
        total: t_with(gaze.lang, "parts-total", pairs),
        more: match total.saturating_sub(shown) {
            0 => String::new(),
            more => t_with(gaze.lang, "parts-more", [("n", (more as i64).into())]),
        },
        parts: Vec::new(),
    }
}

fn child(gaze: &Gaze<'_>, part: &PartView) -> Child {
    let row = record_row(gaze.lang, gaze.state, &part.row, gaze.now);
    let readable = part.record.is_some();
    Child {
        href: row.href,
        code: row.code,
        title: if readable { row.subject } else { String::new() },
        unit: row.owner,
        state: row.state,
        due: row.due,
        totals: part.record.as_ref().map(|record| totals(gaze, part, record)).unwrap_or_default(),
        parts: part.parts.iter().map(|part| child(gaze, part)).collect(),
    }
}

/// The computed numbers of a part: what it counts and sums.
fn totals(gaze: &Gaze<'_>, part: &PartView, record: &gongzhi_kernel::Record) -> Vec<Fact> {
    let counted = part.mechanism.fields.iter().filter(|field| field.is.is_some() && field.ty == Type::Int);
    let known = counted.filter_map(|field| Some((field, record.fields.get(&field.name)?)));
    let told = known.filter(|(_, value)| **value != Value::Int(0));
    told.map(|(field, value)| fields::shown(gaze.lang, gaze.state, field, value)).collect()
}

/// The ways to open a part, for whoever may.
pub fn adding(gaze: &Gaze<'_>, view: &RecordView) -> Vec<Action> {
    let ways = view.openers.iter().filter_map(|(mechanism, name)| {
        let mechanism = gaze.state.laws.newest(mechanism)?;
        let step = mechanism.step(name)?;
        let label = say(gaze.lang, &step.words);
        let href = format!("/desk/new/{}/{name}?parent={}", mechanism.name, view.record.id);
        Some(Action { label, href, ..Action::default() })
    });
    ways.collect()
}
