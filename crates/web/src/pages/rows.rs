//! A record's row as it is shown in lists.

use gongzhi_base::{RecordId, Timestamp};
use gongzhi_kernel::project::Row;
use gongzhi_lang::model::{Tone as StateTone, Type};
use gongzhi_service::State;

use super::names;
use super::words::say;
use crate::i18n::Lang;
use crate::view::{self, Due, RecordRow, Tone, format};

/// Within this many seconds a deadline counts as due soon.
pub const SOON: i64 = 24 * 3_600;

/// The row of a record, linked to its page at the desk.
pub fn record_row(lang: Lang, state: &State, row: &Row, now: Timestamp) -> RecordRow {
    let mechanism = state.laws.version(&row.mechanism, row.version);
    let known = mechanism.and_then(|mechanism| mechanism.state(&row.state));
    let place = row.path.iter().rev().flatten().next();
    let href = format!("/desk/r/{}", row.id);
    RecordRow {
        code: row.number.clone(),
        subject: row.title.clone(),
        kind: kind(lang, state, row),
        place: place.map(|code| names::place(lang, state, code)).unwrap_or_default(),
        state: view::State {
            label: known.map(|known| say(lang, &known.words)).unwrap_or_default(),
            tone: known.map(|known| tone(known.tone)).unwrap_or_default(),
        },
        owner: row.unit.as_deref().map(|unit| names::unit(lang, state, unit)).unwrap_or_default(),
        opened: moment(lang, state, row.opened, now),
        due: row.due.map(|at| {
            let why = row.due_name.as_ref().map(|name| format!("{href}/why/{name}")).unwrap_or_default();
            due(lang, state, at, now, &why)
        }),
        href,
        ..RecordRow::default()
    }
}

/// A state's tone as pages show it.
pub fn tone(tone: StateTone) -> Tone {
    match tone {
        StateTone::Neutral => Tone::Plain,
        StateTone::Active => Tone::Info,
        StateTone::Good => Tone::Good,
        StateTone::Bad => Tone::Late,
    }
}

/// A due time as it is shown everywhere.
pub fn due(lang: Lang, state: &State, at: Timestamp, now: Timestamp, why: &str) -> Due {
    format::due(lang, state.world.zone.told(at), state.world.zone.civil(now), SOON, why)
}

/// A moment in the county's time.
pub fn moment(lang: Lang, state: &State, at: Timestamp, now: Timestamp) -> String {
    let zone = state.world.zone;
    format::moment(lang, zone.civil(at), zone.date(now).year())
}

fn kind(lang: Lang, state: &State, row: &Row) -> String {
    let Some(code) = row.kind.as_deref() else { return String::new() };
    let mechanism = state.laws.version(&row.mechanism, row.version);
    let field = mechanism.and_then(|mechanism| mechanism.field(mechanism.kind.as_deref()?));
    match field.map(|field| &field.ty) {
        Some(Type::Entry(catalogue)) => names::entry(lang, state, catalogue, code),
        _ => code.to_owned(),
    }
}

/// Where a page of a list goes on, as it stands in an address.
pub fn cursor_text(cursor: (i64, RecordId)) -> String {
    format!("{}.{}", cursor.0, cursor.1)
}

/// Reads it back.
pub fn cursor(text: &str) -> Option<(i64, RecordId)> {
    let (key, id) = text.split_once('.')?;
    Some((key.parse().ok()?, id.parse().ok()?))
}
