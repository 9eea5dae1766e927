//! Catalogues from their data files, every faulty row told.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use csv::StringRecord;
use gongzhi_base::Words;

use crate::ast::{self, Documents};
use crate::checks::{catalogue_file, catalogue_row};
use crate::decode::read::span_of;
use crate::diagnostic::Faults;
use crate::model::{Catalogue, Entry, Type};
use crate::source::{At, DataFile};

/// Reads the file of each catalogue. Files are numbered behind the `sources` documents.
pub fn load(
    documents: &Documents,
    sources: usize,
    data: &[DataFile],
    faults: &mut Faults,
) -> BTreeMap<String, Arc<Catalogue>> {
    let mut out = BTreeMap::new();
    for declared in &documents.catalogues {
        let Some(file) = &declared.file else { continue };
        let Some(index) = data.iter().position(|one| one.name == file.value) else {
            faults.add(catalogue_file::missing(file, data.iter().map(|one| one.name.as_str())));
            continue;
        };
        let rows = Rows { text: &data[index].text, source: (sources + index) as u32, declared };
        out.insert(declared.name.value.clone(), Arc::new(rows.read(faults)));
    }
    out
}

struct Rows<'a> {
    text: &'a str,
    source: u32,
    declared: &'a ast::Catalogue,
}

/// A row with the bytes of its line.
struct Row {
    record: StringRecord,
    range: Range<usize>,
}

impl Rows<'_> {
    fn at(&self, range: Range<usize>) -> At {
        At { source: self.source, start: range.start as u32, end: range.end as u32 }
    }

    /// The place of a value in its row: the value itself where it can be found.
    fn cell(&self, row: &Row, value: &str) -> At {
        let line = &self.text[row.range.clone()];
        match line.find(value).filter(|_| !value.is_empty()) {
            Some(start) => self.at(row.range.start + start..row.range.start + start + value.len()),
            None => self.at(row.range.clone()),
        }
    }

    fn read(&self, faults: &mut Faults) -> Catalogue {
        let declared = self.declared;
        let mut catalogue = Catalogue {
            name: declared.name.value.clone(),
            words: declared.words.clone(),
            levels: declared.levels,
            columns: declared.columns.iter().map(|(name, ty)| (name.value.clone(), ty.clone())).collect(),
            entries: BTreeMap::new(),
        };
        let mut rows = self.rows(faults).into_iter();
        let Some(head) = rows.next() else {
            faults.add(catalogue_row::unreadable(self.at(0..0)));
            return catalogue;
        };
        let columns: BTreeMap<&str, usize> =
            head.record.iter().enumerate().map(|(index, name)| (name, index)).collect();
        let file = declared.file.as_ref().map_or("", |file| file.text());
        let fixed = ["code", "parent", "zh", "en"].map(|name| (name, declared.name.at));
        let own = declared.columns.iter().map(|(name, _)| (name.text(), name.at));
        let before = faults.count();
        for (name, at) in fixed.into_iter().chain(own).filter(|(name, _)| !columns.contains_key(name)) {
            faults.add(catalogue_file::no_column(at, name, file, columns.keys().copied()));
        }
        if faults.count() > before {
            return catalogue;
        }
        let rows: Vec<Row> = rows.collect();
        for row in &rows {
            if row.record.len() != columns.len() {
                let at = self.at(row.range.clone());
                faults.add(catalogue_row::length(at, row.record.len(), columns.len()));
                continue;
            }
            if let Some(entry) = self.entry(row, &columns, &catalogue, faults) {
                catalogue.entries.insert(entry.code.clone(), entry);
            }
        }
        self.tree(&rows, columns["code"], &catalogue, faults);
        catalogue
    }

    /// All rows; comments and empty lines are left out.
    fn rows(&self, faults: &mut Faults) -> Vec<Row> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .comment(Some(b'#'))
            .trim(csv::Trim::All)
            .from_reader(self.text.as_bytes());
        let mut out = Vec::new();
        let mut record = StringRecord::new();
        loop {
            let read = reader.read_record(&mut record);
            // The reader's own position may lie before comments: the row begins behind them.
            let start = self.skip_comments(record.position().map_or(0, |position| position.byte() as usize));
            let end = crate::source::floor(self.text, reader.position().byte() as usize).max(start);
            let end = start + self.text[start..end].trim_end().len();
            match read {
                Ok(true) => out.push(Row { record: record.clone(), range: start..end }),
                Ok(false) => return out,
                Err(_) => {
                    faults.add(catalogue_row::unreadable(self.at(start..end)));
                    return out;
                }
            }
        }
    }

    fn skip_comments(&self, start: usize) -> usize {
        let mut start = crate::source::floor(self.text, start);
        loop {
            let rest = &self.text[start..];
            let line = rest.split_inclusive('\n').next().unwrap_or("");
            if line.is_empty() || !(line.starts_with('#') || line.trim().is_empty()) {
                return start;
            }
            start += line.len();
        }
    }

    fn entry(
        &self,
        row: &Row,
        columns: &BTreeMap<&str, usize>,
        catalogue: &Catalogue,
        faults: &mut Faults,
    ) -> Option<Entry> {
        let get = |name: &str| row.record.get(columns[name]).unwrap_or("").trim();
        let code = get("code");
        if code.is_empty() {
            faults.add(catalogue_row::empty(self.at(row.range.clone()), "code"));
            return None;
        }
        if catalogue.entries.contains_key(code) {
            faults.add(catalogue_row::repeated(self.cell(row, code), code));
            return None;
        }
        for name in ["zh", "en"].into_iter().filter(|name| get(name).is_empty()) {
            faults.add(catalogue_row::empty(self.at(row.range.clone()), name));
        }
        let mut values = BTreeMap::new();
        for (name, ty) in &self.declared.columns {
            let value = get(name.text());
            match normal(value, ty) {
                Some(value) if value.is_empty() => {}
                Some(value) => {
                    values.insert(name.value.clone(), value);
                }
                None => faults.add(catalogue_row::value(self.cell(row, value), name.text(), value, ty)),
            }
        }
        let parent = Some(get("parent")).filter(|parent| !parent.is_empty()).map(str::to_owned);
        Some(Entry { code: code.to_owned(), parent, words: Words::new(get("zh"), get("en")), values })
    }

    /// Parents that are missing, and entries too deep or their own ancestors.
    fn tree(&self, rows: &[Row], code: usize, catalogue: &Catalogue, faults: &mut Faults) {
        for row in rows {
            let Some(entry) = row.record.get(code).and_then(|code| catalogue.entries.get(code.trim())) else {
                continue;
            };
            let Some(parent) = &entry.parent else { continue };
            if !catalogue.entries.contains_key(parent) {
                let known = catalogue.entries.keys().map(String::as_str);
                faults.add(catalogue_row::parent(self.cell(row, parent), parent, known));
                continue;
            }
            let mut seen = BTreeSet::from([entry.code.as_str()]);
            let mut above = Some(parent);
            while let Some(entry) = above.and_then(|code| catalogue.entries.get(code)) {
                above = entry.parent.as_ref();
                if !seen.insert(&entry.code) || seen.len() > usize::from(catalogue.levels) {
                    let code = row.record.get(code).unwrap_or("");
                    faults.add(catalogue_row::too_deep(self.cell(row, code), code, catalogue.levels));
                    break;
                }
            }
        }
    }
}

/// A value as its type writes it; `None` if it is of another type. Empty stays empty.
fn normal(value: &str, ty: &Type) -> Option<String> {
    if value.is_empty() {
        return Some(String::new());
    }
    match ty {
        Type::Int => value.parse::<i64>().ok().map(|int| int.to_string()),
        Type::Span => span_of(value).map(|span| span.to_string()),
        Type::Bool => match value {
            "1" | "true" => Some("true".to_owned()),
            "0" | "false" => Some("false".to_owned()),
            _ => None,
        },
        Type::Date => is_date(value).then(|| value.to_owned()),
        _ => Some(value.to_owned()),
    }
}

fn is_date(value: &str) -> bool {
    let parts: Vec<&str> = value.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let number =
        |text: &str, digits: usize| (text.len() == digits).then(|| text.parse::<u32>().ok()).flatten();
    match (number(year, 4), number(month, 2), number(day, 2)) {
        (Some(year), Some(month @ 1..=12), Some(day @ 1..)) => {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let days = match month {
                2 if leap => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day <= days
        }
        _ => false,
    }
}
