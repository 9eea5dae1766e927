//! From what was posted to a step's input, and the faults that are seen before the kernel reads it.

use gongzhi_base::FileRef;
use gongzhi_kernel::Raw;
use gongzhi_kernel::command::Input;
use gongzhi_lang::model::{Field, ITEM, Mechanism, Step, Type};
use gongzhi_service::files::{FileFault, MAX_BYTES};

use super::posted::{Posted, read_kept};
use super::tables;
use crate::app::App;
use crate::i18n::{Lang, t, t_with};

/// A step's input with files kept so far and faults of files, by field.
#[derive(Clone, Debug, Default)]
pub struct Read {
    pub input: Input,
    pub kept: Vec<(String, FileRef)>,
    pub faults: Vec<(String, String)>,
}

/// Reads the fields that a step asks for; whatever else was posted is left alone.
pub fn read(app: &App, lang: Lang, mechanism: &Mechanism, step: &Step, posted: &Posted) -> Read {
    let mut read = Read::default();
    for field in step.asks.iter().filter_map(|ask| mechanism.field(&ask.field)) {
        let raw = match &field.ty {
            Type::Rows(_) => Some(rows(app, lang, field, posted, &mut read)),
            _ => one(app, lang, field, posted, &mut read),
        };
        if let Some(raw) = raw {
            read.input.insert(field.name.clone(), raw);
        }
    }
    read
}

fn one(app: &App, lang: Lang, field: &Field, posted: &Posted, read: &mut Read) -> Option<Raw> {
    match item(&field.ty) {
        Type::File => files(app, lang, field, posted, read),
        Type::Place => Some(Raw::Text(place(field, posted))),
        Type::Point => point(field, posted),
        Type::Record(_) => records(app, field, posted),
        _ if matches!(field.ty, Type::List(_)) => {
            // A box of several lines for a list of texts holds one item a line.
            let by_line = *item(&field.ty) == Type::Text && field.lines > 1;
            let lines = |text: &str| -> Vec<Raw> {
                let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
                lines.map(|line| Raw::Text(line.to_owned())).collect()
            };
            // A form says that it asked even where everything was taken away: then the list is emptied.
            posted.get(&field.name)?;
            let items = posted.all(&field.name).filter(|text| !text.trim().is_empty());
            let items =
                items.flat_map(|text| if by_line { lines(text) } else { vec![Raw::Text(text.to_owned())] });
            Some(Raw::List(items.collect()))
        }
        _ => posted.get(&field.name).map(|text| Raw::Text(text.to_owned())),
    }
}

/// The rows of a table: as many as have been posted, each cell as a field of its own.
fn rows(app: &App, lang: Lang, field: &Field, posted: &Posted, read: &mut Read) -> Raw {
    let rows = (0..tables::posted_rows(field, posted)).map(|at| {
        let cells = field.columns.iter().filter_map(|column| {
            let cell = tables::cell(field, at, &column.field);
            Some((column.field.name.clone(), one(app, lang, &cell, posted, read)?))
        });
        let mut cells: Input = cells.collect();
        if let Some(item) = posted.get(&tables::name(field, at, ITEM)).filter(|_| field.each.is_some()) {
            cells.insert(ITEM.to_owned(), Raw::Text(item.to_owned()));
        }
        Raw::Row(cells)
    });
    Raw::List(rows.collect())
}

/// The type of a list's items, or the type itself.
pub fn item(ty: &Type) -> &Type {
    match ty {
        Type::List(item) => item,
        one => one,
    }
}

/// The place posted: a code set by script or chosen among those found, else the narrowest list.
pub fn place(field: &Field, posted: &Posted) -> String {
    let levels: Vec<&str> = (0..4).map(|level| posted.text(&format!("{}.{level}", field.name))).collect();
    let narrowest = levels.iter().rev().find(|code| !code.is_empty()).copied().unwrap_or_default();
    match posted.text(&field.name).trim() {
        "" => narrowest.to_owned(),
        code => code.to_owned(),
    }
}

fn point(field: &Field, posted: &Posted) -> Option<Raw> {
    let (lat, lon) =
        (posted.text(&format!("{}.lat", field.name)), posted.text(&format!("{}.lon", field.name)));
    let given = !lat.trim().is_empty() || !lon.trim().is_empty();
    given.then(|| Raw::Text(format!("{lat},{lon}")))
}

/// Records are named by their number, or by their identifier where a page filled it in.
fn records(app: &App, field: &Field, posted: &Posted) -> Option<Raw> {
    let read = |typed: &str| {
        let found = app.service.ledger().by_number(typed.trim()).ok().flatten();
        Raw::Text(found.map_or_else(|| typed.to_owned(), |id| id.to_string()))
    };
    match field.ty {
        Type::List(_) => {
            let typed = posted.all(&field.name).flat_map(|text| text.split([',', '，', '、', ' ']));
            Some(Raw::List(typed.filter(|typed| !typed.is_empty()).map(read).collect()))
        }
        _ => posted.get(&field.name).filter(|typed| !typed.trim().is_empty()).map(read),
    }
}

fn files(app: &App, lang: Lang, field: &Field, posted: &Posted, read: &mut Read) -> Option<Raw> {
    let before = format!("{}.kept", field.name);
    let mut kept: Vec<FileRef> = posted.all(&before).filter_map(|value| read_kept(app, value)).collect();
    for upload in posted.files.iter().filter(|upload| upload.field == field.name) {
        match &upload.kept {
            Ok(file) if field.photo && !file.media.starts_with("image/") => {
                read.faults.push((field.name.clone(), t(lang, "fault-not-photo").into_owned()));
            }
            Ok(file) => kept.push(file.clone()),
            Err(fault) => read.faults.push((field.name.clone(), file_words(lang, field.photo, fault))),
        }
    }
    if posted.too_many {
        read.faults.push((field.name.clone(), t(lang, "fault-file-many").into_owned()));
    }
    read.kept.extend(kept.iter().map(|file| (field.name.clone(), file.clone())));
    let mut files = kept.into_iter().map(Raw::File);
    match field.ty {
        Type::List(_) => Some(Raw::List(files.collect())),
        _ => files.next(),
    }
}

/// The largest file in words, as round as it was chosen.
pub fn most_bytes() -> String {
    format!("{} MB", MAX_BYTES >> 20)
}

/// Why a file was not kept, in words.
pub fn file_words(lang: Lang, photo: bool, fault: &FileFault) -> String {
    let key = match fault {
        FileFault::TooLarge => {
            return t_with(lang, "fault-file-large", [("x", most_bytes().into())]);
        }
        FileFault::Empty => "fault-file-empty",
        FileFault::NotPhoto => "fault-not-photo",
        FileFault::NotTaken if photo => "fault-not-photo",
        FileFault::NotTaken => "fault-file-kind",
        FileFault::Disk(_) => "fault-file-disk",
    };
    t(lang, key).into_owned()
}
