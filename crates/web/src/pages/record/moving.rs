//! The part of a step's form that puts the record under another one: where to, and what comes of it, shown before
//! anything is written.

use std::cmp::Reverse;

use gongzhi_base::RecordId;
use gongzhi_kernel::decide::PARENT;
use gongzhi_kernel::{FieldFault, Refusal};
use gongzhi_lang::model::{Mechanism, Step};
use gongzhi_service::desk::RecordView;
use gongzhi_service::moving::{Effect, Target};
use gongzhi_service::{Failure, State as County};

use super::show::desk_base;
use crate::app::App;
use crate::i18n::{Lang, t, t_with};
use crate::pages::names;
use crate::pages::posted::Posted;
use crate::pages::visitor::{Me, Visitor};
use crate::pages::words::{fault_words, say};
use crate::view::{
    Choice, ChoiceInput, ChoiceStyle, Field, FieldKind, Link, MovePreview, Moved, OptionGroup,
};

/// The record to which a page's preview was of: sent again with it the step is taken.
pub const SURE: &str = "sure";

/// What a page holds of a move.
#[derive(Default)]
pub struct Moving {
    pub targets: Vec<Target>,
    /// What would come of it, once it has been asked.
    pub preview: Option<MovePreview>,
    /// What is wrong with where it was to go.
    pub fault: String,
}

impl Moving {
    /// Where the record may go; of a step that moves nothing it is empty.
    pub async fn read(app: &App, me: &Me, view: &RecordView, step: &Step) -> Result<Moving, Failure> {
        if !step.moves {
            return Ok(Moving::default());
        }
        let (actor, mechanism, record) = (me.actor(), view.mechanism.clone(), view.record.clone());
        let targets = app.read(move |service| service.targets(&actor, &mechanism, &record)).await?;
        Ok(Moving { targets, ..Moving::default() })
    }

    /// Takes what a failure says of where it was to go.
    pub fn note(&mut self, lang: Lang, failure: &Failure) {
        if let Failure::Refused(Refusal::Fields(faults)) = failure {
            let fault = faults.iter().find(|FieldFault { field, .. }| field == PARENT);
            self.fault = fault.map(|fault| fault_words(lang, &fault.fault)).unwrap_or_default();
        }
    }

    /// The field that asks where to; none where there is nowhere else.
    pub fn field(
        &self,
        lang: Lang,
        state: &County,
        view: &RecordView,
        posted: Option<&Posted>,
    ) -> Option<Field> {
        let kind = state.laws.newest(view.mechanism.parent.as_deref()?)?;
        let here = view.record.parent?.to_string();
        let chosen = posted.and_then(|posted| posted.get(PARENT)).unwrap_or(&here);
        let mut groups: Vec<(Option<RecordId>, OptionGroup)> = Vec::new();
        for target in &self.targets {
            let above = target.above.as_ref();
            let id = above.map(|above| above.id);
            if groups.last().is_none_or(|(last, _)| *last != id) {
                let label =
                    above.map(|above| format!("{} {}", above.number, above.title)).unwrap_or_default();
                groups.push((id, OptionGroup { label, ..OptionGroup::default() }));
            }
            let value = target.row.id.to_string();
            let option = Choice {
                label: format!("{} {}", target.row.number, target.row.title),
                selected: value == *chosen,
                value,
                ..Choice::default()
            };
            groups.last_mut()?.1.options.push(option);
        }
        let elsewhere = self.targets.iter().any(|target| Some(target.row.id) != view.record.parent);
        let asked = elsewhere || !self.fault.is_empty();
        let groups = groups.into_iter().map(|(_, group)| group).collect();
        asked.then(|| Field {
            name: PARENT.to_owned(),
            label: say(lang, &kind.words),
            help: t(lang, "move-help").into_owned(),
            required: true,
            error: (!self.fault.is_empty()).then(|| self.fault.clone()),
            kind: FieldKind::Choice(ChoiceInput {
                groups,
                style: ChoiceStyle::Select,
                ..ChoiceInput::default()
            }),
            ..Field::default()
        })
    }
}

/// The other record under which somebody wants this one; none where it stays.
pub fn wanted(step: &Step, view: &RecordView, posted: &Posted) -> Option<String> {
    let to = posted.get(PARENT).filter(|_| step.moves)?.trim();
    let here = view.record.parent.map(|id| id.to_string());
    (!to.is_empty() && Some(to) != here.as_deref()).then(|| to.to_owned())
}

/// What would come of it, in words: the record keeps its number, and what follows for it and for those above.
pub fn preview(
    visitor: &Visitor,
    state: &County,
    view: &RecordView,
    step: &Step,
    (to, effects): (&str, &[Effect]),
) -> MovePreview {
    let (lang, own) = (visitor.lang, view.record.id);
    let asked = |name: &str| step.asks.iter().any(|ask| ask.field == name);
    // The record itself, then those above it, the nearest first.
    let mut effects: Vec<&Effect> = effects.iter().collect();
    effects.sort_by_key(|one| (one.before.id != own, Reverse(one.before.ancestors().count())));
    let moved = effects.iter().map(|effect| {
        let mechanism = &effect.mechanism;
        let changes =
            effect.changes().into_iter().filter(|(name, ..)| effect.before.id != own || !asked(name));
        let lines = changes.filter_map(|(name, before, after)| {
            let field = mechanism.field(name)?;
            let value = |value: Option<&gongzhi_base::Value>| match value {
                Some(value) => names::value(lang, state, field, value),
                None => t(lang, "rows-none").into_owned(),
            };
            Some(format!(
                "{}{}{} → {}",
                say(lang, &field.words),
                t(lang, "colon"),
                value(before),
                value(after)
            ))
        });
        Moved {
            record: Link::new(told(mechanism, &effect.before), desk_base(effect.before.id)),
            sort: say(lang, &mechanism.words),
            lines: lines.collect(),
        }
    });
    let name = |id: &str| {
        let found = effects.iter().find(|effect| effect.before.id.to_string() == id);
        found.map(|effect| told(&effect.mechanism, &effect.before)).unwrap_or_default()
    };
    let from = view.record.parent.map(|id| name(&id.to_string())).unwrap_or_default();
    let pairs = [("x", view.record.number.as_str().into()), ("y", from.into()), ("z", name(to).into())];
    MovePreview {
        title: visitor.t("move-title"),
        words: t_with(lang, "move-words", pairs),
        moved: moved.filter(|moved| !moved.lines.is_empty()).collect(),
    }
}

fn told(mechanism: &Mechanism, record: &gongzhi_kernel::Record) -> String {
    let title = mechanism.title.as_ref().and_then(|name| record.fields.get(name)?.text());
    format!("{} {}", record.number, title.unwrap_or_default())
}
