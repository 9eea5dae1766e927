//! Which rows a workbook hides, by hand or by a filter: whoever looks at it does not see them, and they are read
//! all the same. The library that reads cells does not tell it.

use std::collections::{HashMap, HashSet};
use std::io::{BufReader, Cursor};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

type Archive<'b> = ZipArchive<Cursor<&'b [u8]>>;

/// Numbers of the hidden rows, from 1, by the name of their sheet. What cannot be made out is left out: it would
/// only be told, and whether the file is sound others find. The file must have been measured before.
pub(super) fn rows(bytes: &[u8]) -> HashMap<String, HashSet<u32>> {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else { return HashMap::new() };
    let mut paths = HashMap::new();
    elements(&mut archive, "xl/_rels/workbook.xml.rels", "Relationship", |one| {
        paths.extend(attribute(one, "Id").zip(attribute(one, "Target")));
    });
    let mut sheets = Vec::new();
    elements(&mut archive, "xl/workbook.xml", "sheet", |one| {
        sheets.extend(attribute(one, "name").zip(attribute(one, "id")));
    });
    let mut found = HashMap::new();
    for (name, id) in sheets {
        let Some(path) = paths.get(&id) else { continue };
        // An address from the root of the file, or from the folder of the workbook.
        let path = path.strip_prefix('/').map_or_else(|| format!("xl/{path}"), str::to_owned);
        let (mut hidden, mut number) = (HashSet::new(), 0_u32);
        elements(&mut archive, &path, "row", |row| {
            let given = attribute(row, "r").and_then(|text| text.parse().ok());
            number = given.unwrap_or_else(|| number.saturating_add(1));
            if attribute(row, "hidden").is_some_and(|text| text == "1" || text == "true") {
                hidden.insert(number);
            }
        });
        found.insert(name, hidden);
    }
    found
}

/// Calls `each` for every element of that name in a part of the file, as far as it can be read.
fn elements(archive: &mut Archive<'_>, path: &str, name: &str, mut each: impl FnMut(&BytesStart<'_>)) {
    let Ok(part) = archive.by_name(path) else { return };
    let mut reader = Reader::from_reader(BufReader::new(part));
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(one) | Event::Empty(one)) if one.local_name().as_ref() == name => {
                each(&one);
            }
            Ok(Event::Eof) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

/// An attribute of that name, whatever stands before its colon.
fn attribute(one: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut all = one.attributes().flatten();
    let found = all.find(|known| known.key.local_name().as_ref() == name)?;
    quick_xml::escape::unescape(&found.value).ok().map(std::borrow::Cow::into_owned)
}
