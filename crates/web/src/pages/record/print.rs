//! Documents printed from a record, as its mechanism words them.

use axum::extract::{Path, State};
use gongzhi_base::Value;
use gongzhi_kernel::Record;
use gongzhi_lang::model::{Field, ITEM, Mechanism, Print, Printed};
use gongzhi_lang::notice::Piece;
use gongzhi_paper::print::{Block, Cell, Column, Document};
use gongzhi_service::desk::RecordView;
use gongzhi_service::{Failure, State as County};

use super::show::desk_base;
use crate::app::App;
use crate::i18n::{Lang, t, t_with};
use crate::pages::names;
use crate::pages::problem::{Answer, Trouble};
use crate::pages::sheets::printed;
use crate::pages::visitor::{Me, Visitor};
use crate::pages::words::say;
use crate::view::Link;

/// The documents that may be printed of a record now.
fn prints(view: &RecordView) -> impl Iterator<Item = &Print> {
    let state = &view.record.state;
    view.mechanism.prints.iter().filter(move |print| print.states.is_empty() || print.states.contains(state))
}

/// Ways to print them.
pub fn links(lang: Lang, view: &RecordView) -> Vec<Link> {
    let link = |print: &Print| {
        let label = t_with(lang, "print-link", [("x", say(lang, &print.words).into())]);
        Link::new(label, format!("{}/print/{}.pdf", desk_base(view.record.id), print.name))
    };
    prints(view).map(link).collect()
}

/// `GET /desk/r/{id}/print/{name}.pdf`
pub async fn page(
    Path((id, file)): Path<(String, String)>,
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
) -> Answer {
    let view = super::read(&app, &visitor, &me, &id).await?;
    let name = file.strip_suffix(".pdf").unwrap_or_default();
    let Some(print) = prints(&view).find(|print| print.name == name) else {
        return Err(Trouble::at_desk(&app, &visitor, &me, &Failure::NotFound));
    };
    let state = app.service.state().clone();
    let told = Told { lang: visitor.lang, state: &state, mechanism: &view.mechanism, record: &view.record };
    let blocks = filled(print.body.iter().flat_map(|piece| block(&told, &view, piece)).collect());
    let today = crate::view::format::full_day(visitor.lang, state.world.zone.date(app.service.now()));
    let as_of = t_with(visitor.lang, "sheet-as-of", [("x", today.into())]);
    let document = Document {
        title: say(visitor.lang, &print.words),
        lang: visitor.lang.code().to_owned(),
        landscape: false,
        foot: format!("{} · {as_of}", view.record.number),
        blocks,
    };
    let name = format!("{}-{}", view.record.number, document.title);
    printed(&app, &visitor, &me, document, &name).await
}

/// Without texts that are empty, and without headings over nothing.
fn filled(mut blocks: Vec<Block>) -> Vec<Block> {
    blocks.retain(|block| !matches!(block, Block::Text { text } if text.trim().is_empty()));
    let over = |at: usize| blocks.get(at + 1).is_some_and(|next| !matches!(next, Block::Heading { .. }));
    let keep: Vec<bool> = blocks
        .iter()
        .enumerate()
        .map(|(at, one)| !matches!(one, Block::Heading { .. }) || over(at))
        .collect();
    let mut keep = keep.into_iter();
    blocks.retain(|_| keep.next().unwrap_or(true));
    blocks
}

/// A record in words.
struct Told<'t> {
    lang: Lang,
    state: &'t County,
    mechanism: &'t Mechanism,
    record: &'t Record,
}

impl Told<'_> {
    /// A field, `number` or `state`: what it is called and its value.
    fn fact(&self, name: &str) -> Option<(String, String)> {
        Some(match name {
            "number" => (t(self.lang, "sheet-col-number").into_owned(), self.record.number.clone()),
            "state" => (t(self.lang, "sheet-col-state").into_owned(), self.state_words()),
            name => {
                let field = self.mechanism.field(name)?;
                (say(self.lang, &field.words), self.value(name))
            }
        })
    }

    fn state_words(&self) -> String {
        let state = self.mechanism.state(&self.record.state);
        state.map_or_else(|| self.record.state.clone(), |state| say(self.lang, &state.words))
    }

    fn value(&self, name: &str) -> String {
        let field = self.mechanism.field(name).filter(|field| field.personal.is_none());
        let value = field.and_then(|field| Some((field, self.record.fields.get(name)?)));
        value.map(|(field, value)| names::value(self.lang, self.state, field, value)).unwrap_or_default()
    }

    fn text(&self, zh: &[Piece], en: &[Piece]) -> String {
        let pieces = match self.lang {
            Lang::Zh => zh,
            Lang::En => en,
        };
        let told = pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Number => self.record.number.clone(),
            Piece::State => self.state_words(),
            Piece::Field(name) => self.value(name),
            Piece::Due => String::new(),
        });
        told.collect()
    }
}

fn block(told: &Told<'_>, view: &RecordView, piece: &Printed) -> Option<Block> {
    match piece {
        Printed::Heading { zh, en } => Some(Block::Heading { text: told.text(zh, en) }),
        Printed::Text { zh, en } => Some(Block::Text { text: told.text(zh, en) }),
        Printed::Right { zh, en } => Some(Block::Right { text: told.text(zh, en) }),
        Printed::Facts(names) => {
            let facts = names.iter().filter_map(|name| told.fact(name));
            Some(Block::Facts { facts: facts.filter(|(_, value)| !value.is_empty()).collect() })
        }
        Printed::Rows(name) => rows(told, name),
        Printed::Parts { mechanism, columns } => parts(told, view, mechanism, columns),
    }
}

fn table(headings: Vec<String>, rows: Vec<Vec<String>>) -> Option<Block> {
    if rows.is_empty() {
        return None;
    }
    let width = |at: usize| {
        let texts = rows.iter().filter_map(|row| row.get(at)).chain([&headings[at]]);
        gongzhi_paper::print::share(texts.map(String::as_str))
    };
    let columns = (0..headings.len()).map(|at| Column { heading: headings[at].clone(), width: width(at) });
    let columns = columns.collect();
    let cells = |row: Vec<String>| row.into_iter().map(|text| Cell { text, rows: 1 }).collect();
    Some(Block::Table { columns, rows: rows.into_iter().map(cells).collect() })
}

/// A table of the record. One by the entries of a catalogue names each row's entry first.
fn rows(told: &Told<'_>, name: &str) -> Option<Block> {
    let field = told.mechanism.field(name)?;
    let lines = told.record.fields.get(name)?.items().iter().filter_map(|row| match row {
        Value::Row(cells) => Some(cells),
        _ => None,
    });
    let lines: Vec<_> = lines.collect();
    let columns: Vec<&Field> = field.columns.iter().map(|column| &column.field).collect();
    let items = field.each.as_ref().filter(|_| columns.iter().all(|column| column.name != ITEM));
    let heading = |column: &&Field| say(told.lang, &column.words);
    let first = items.map(|_| say(told.lang, &field.words));
    let headings = first.into_iter().chain(columns.iter().map(heading)).collect();
    let value = |column: &Field, cells: &std::collections::BTreeMap<String, Value>| {
        let value = cells.get(&column.name);
        value.map(|value| names::value(told.lang, told.state, column, value)).unwrap_or_default()
    };
    let rows = lines.iter().map(|cells| {
        let item = items.map(|catalogue| {
            let code = cells.get(ITEM).and_then(Value::text).unwrap_or_default();
            names::entry(told.lang, told.state, catalogue, code)
        });
        item.into_iter().chain(columns.iter().map(|column| value(column, cells))).collect()
    });
    table(headings, rows.collect())
}

fn parts(told: &Told<'_>, view: &RecordView, mechanism: &str, columns: &[String]) -> Option<Block> {
    let newest = told.state.laws.newest(mechanism)?;
    let blank = Told { mechanism: newest, ..*told };
    let headings = columns.iter().filter_map(|name| Some(blank.fact(name)?.0)).collect();
    let parts = view.tree.iter().filter(|part| part.mechanism.name == mechanism);
    let rows = parts.filter_map(|part| {
        let told = Told { mechanism: &part.mechanism, record: part.record.as_ref()?, ..*told };
        Some(columns.iter().filter_map(|name| Some(told.fact(name)?.1)).collect())
    });
    table(headings, rows.collect())
}
