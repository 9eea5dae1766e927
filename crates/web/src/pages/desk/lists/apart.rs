//! Which of the records that keep others apart is looked at: of which year's programme the measures.

use gongzhi_kernel::project::Row;
use gongzhi_lang::model::Mechanism;
use gongzhi_service::State as County;

use super::asked::{Asked, WHOLE};
use crate::i18n::{Lang, t};
use crate::pages::words::say;
use crate::view::{ApartChoice, Choice, Hidden};

/// The choice, where there is more than one; the form sends the rest of the question along.
pub fn choice(
    lang: Lang,
    state: &County,
    mechanism: &Mechanism,
    apart: &[Row],
    asked: &Asked,
    action: &str,
) -> Option<ApartChoice> {
    let named = mechanism.apart.as_ref().filter(|_| apart.len() > 1)?;
    let known = state.laws.newest(&named.mechanism)?;
    let option = |row: &Row| {
        let words = known.state(&row.state).map(|state| say(lang, &state.words)).unwrap_or_default();
        Choice {
            value: row.id.to_string(),
            label: format!("{} {} · {words}", row.number, row.title),
            selected: asked.under() == Some(row.id),
            ..Choice::default()
        }
    };
    let whole = Choice {
        value: WHOLE.to_owned(),
        label: t(lang, "apart-whole").into_owned(),
        selected: asked.get("under") == WHOLE,
        ..Choice::default()
    };
    // Another one has its own months: where the page stood among them is not sent along.
    let sent = asked.pairs().filter(|(name, _)| !["under", "at", "after", "lang"].contains(name));
    Some(ApartChoice {
        action: action.to_owned(),
        label: say(lang, &known.words),
        hidden: sent.map(|(name, value)| Hidden { name: name.into(), value: value.into() }).collect(),
        options: apart.iter().map(option).chain([whole]).collect(),
    })
}

/// Whether the question names one of these, or all of them, so that it is chosen there and narrows nothing else.
pub fn chosen(apart: &[Row], asked: &Asked) -> bool {
    !apart.is_empty()
        && (asked.get("under") == WHOLE || apart.iter().any(|row| Some(row.id) == asked.under()))
}
