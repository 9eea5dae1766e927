//! A board: a column for each value, with the first records that have it.

use gongzhi_lang::model::Type;
use gongzhi_lang::view::{Axis, Column};
use gongzhi_service::listing::{Listed, column};

use super::cell;
use super::page::{Seen, ask};
use crate::pages::problem::{Answer, ok};
use crate::view::{BoardCard, BoardColumn, BoardPage, Fact, Tone};

/// Cards of a column; the column's head opens all.
const CARDS: u32 = 15;

/// The board.
pub async fn page(seen: &Seen<'_>, by: &Axis) -> Answer {
    let lang = seen.visitor.lang;
    let mut heads = cell::axis_values(lang, seen.state, seen.mechanism, by, seen.recent());
    let optional = matches!(by, Axis::Field(name)
        if seen.mechanism.field(name).is_some_and(|field| field.ty != Type::Bool));
    if optional {
        heads.push((String::new(), seen.visitor.t("value-none")));
    }
    let mut asked = ask(seen);
    asked.limit = CARDS;
    let columns: Vec<Column> = match asked.columns.is_empty() {
        true => seen.view.columns.clone(),
        false => asked.columns.iter().filter_map(|word| column(seen.mechanism, word)).collect(),
    };
    let values: Vec<String> = heads.iter().map(|(value, _)| value.clone()).collect();
    let name = by.name().to_owned();
    let found = seen.read(move |service, actor| service.divided(actor, &asked, &name, &values)).await?;
    let tone = |value: &str| match by {
        Axis::State => seen.mechanism.state(value).map(|state| crate::pages::rows::tone(state.tone)),
        Axis::Field(_) => None,
    };
    let made = heads.into_iter().zip(&found).map(|((value, label), (records, more))| BoardColumn {
        label,
        tone: tone(&value).unwrap_or(Tone::Plain),
        count: if *more { format!("{}+", records.len()) } else { cell::number(records.len()) },
        href: if records.is_empty() { String::new() } else { seen.list_with(&[(by.name(), &value)]) },
        cards: records.iter().map(|one| card(seen, &columns, one)).collect(),
        more: *more,
    });
    let mut columns: Vec<BoardColumn> = made.collect();
    // What has no value is a column only where there is such a record.
    if optional {
        columns.retain(|column| column.label != seen.visitor.t("value-none") || !column.cards.is_empty());
    }
    let any = columns.iter().any(|column| !column.cards.is_empty());
    let downloads = seen.records_as_files(&[], any);
    Ok(ok(&BoardPage { s: seen.shell(), head: seen.head(), columns, downloads }))
}

fn card(seen: &Seen<'_>, columns: &[Column], one: &Listed) -> BoardCard {
    let (lang, now) = (seen.visitor.lang, seen.app.service.now());
    let own = |column: &&Column| match column {
        Column::Number | Column::Title | Column::State | Column::Due => false,
        Column::Field(name) => seen.mechanism.title.as_ref() != Some(name),
        _ => true,
    };
    let facts = columns.iter().filter(own).map(|column| Fact {
        label: cell::head(lang, seen.mechanism, column),
        value: cell::text(lang, seen.state, column, one, now),
        ..Fact::default()
    });
    BoardCard {
        href: format!("/desk/r/{}", one.row.id),
        title: cell::title(one),
        number: one.row.number.clone(),
        facts: facts.filter(|fact| !fact.value.is_empty()).collect(),
        due: cell::due_of(lang, seen.state, one, now),
        marks: cell::marks(lang, one, &seen.view.marks),
    }
}
