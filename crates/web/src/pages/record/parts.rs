//! The parts of a record on its page, two levels deep with their totals, and the way to add one.

use std::sync::Arc;

use gongzhi_base::Value;
use gongzhi_lang::model::{Mechanism, Type};
use gongzhi_service::desk::{PartView, RecordView};

use super::show::Gaze;
use crate::i18n::t_with;
use crate::pages::desk::lists::Asked;
use crate::pages::fields;
use crate::pages::rows::record_row;
use crate::pages::words::say;
use crate::view::{Action, Child, Fact, Link, LinkGroup, PartGroup};

/// The parts, by kind in the order in which they came.
pub fn groups(gaze: &Gaze<'_>, view: &RecordView) -> Vec<PartGroup> {
    let mut groups: Vec<(String, PartGroup)> = Vec::new();
    let named = view.mechanism.title.as_ref().and_then(|name| view.record.fields.get(name));
    let above = named.and_then(Value::text).unwrap_or_default();
    for part in &view.tree {
        let name = part.mechanism.name.clone();
        let at = groups.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
            groups.push((name.clone(), head(gaze, view, part)));
            groups.len() - 1
        });
        let mut child = child(gaze, part);
        // What is called as the record above itself is told by its unit.
        if !child.unit.is_empty() && part.row.title == above {
            child.title.clear();
        }
        groups[at].1.parts.push(child);
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

/// The views of what stands under the record, of those mechanisms that the person may list.
pub fn lists(gaze: &Gaze<'_>, view: &RecordView, listable: &[Arc<Mechanism>]) -> Vec<LinkGroup> {
    if view.record.parts.is_empty() {
        return Vec::new();
    }
    let own = &view.mechanism.name;
    let stands_under = |one: &Mechanism| {
        let mut above = one.parent.clone();
        while let Some(name) = above {
            if name == *own {
                return true;
            }
            above = gaze.state.laws.newest(&name).and_then(|one| one.parent.clone());
        }
        false
    };
    let under = listable.iter().filter(|one| one.views.len() > 1 && stands_under(one));
    let group = |one: &Arc<Mechanism>| {
        let links = one.views.iter().map(|shown| {
            let asked = Asked::default().with("mechanism", &one.name).with("view", &shown.name);
            let asked = asked.with("under", &view.record.id.to_string());
            Link::new(say(gaze.lang, &shown.words), asked.href())
        });
        LinkGroup { title: say(gaze.lang, &one.words), links: links.collect() }
    };
    under.map(group).collect()
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
