//! Cells into values as they come in from forms: names become codes, dates one form.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use gongzhi_base::Words;
use gongzhi_kernel::{Fault, Raw, World};
use gongzhi_lang::model::{Field, Type};
use gongzhi_paper::date;
use gongzhi_paper::sheet::folded;

/// Marks that part the items of a list.
const BETWEEN: [char; 6] = ['、', '，', ',', '；', ';', '\n'];

/// Why a cell is no value.
pub enum Unread {
    Fault(Fault),
    /// Several are called so; their codes.
    Several(Vec<String>),
}

type Index = Rc<HashMap<String, Vec<String>>>;

/// Names of the registers' and catalogues' entries, gathered as they are asked for.
pub struct Cells<'w> {
    world: &'w World,
    indexes: RefCell<HashMap<String, Index>>,
}

impl<'w> Cells<'w> {
    pub fn new(world: &'w World) -> Cells<'w> {
        Cells { world, indexes: RefCell::default() }
    }

    /// The value that a cell's text stands for. Empty text is an empty value.
    pub fn read(&self, field: &Field, text: &str) -> Result<Raw, Unread> {
        match &field.ty {
            Type::List(item) => {
                let items = text.split(BETWEEN).map(str::trim).filter(|item| !item.is_empty());
                Ok(Raw::List(items.map(|text| self.one(field, item, text)).collect::<Result<_, _>>()?))
            }
            ty => self.one(field, ty, text),
        }
    }

    fn one(&self, field: &Field, ty: &Type, text: &str) -> Result<Raw, Unread> {
        if text.is_empty() {
            return Ok(Raw::Text(String::new()));
        }
        let day = |text: &str, fault| date::read(text).map(|day| day.to_string()).ok_or(Unread::Fault(fault));
        let read = match ty {
            Type::Date => day(text, Fault::NotDate)?,
            Type::Month => {
                // `2026-03`, or any day of that month.
                let text = folded(text);
                let first = text.strip_suffix('月').unwrap_or(&text);
                let first = day(&format!("{first}-1"), Fault::NotMonth);
                first.or_else(|_| day(&text, Fault::NotMonth))?.chars().take(7).collect()
            }
            Type::Choice(_) => {
                let known = field.options.iter().map(|(name, words)| (name.as_str(), words.clone()));
                let index = Rc::new(index(known));
                self.named(&index, text, Fault::NotOffered)?
            }
            Type::Entry(catalogue) => {
                let entries = self.world.catalogue(catalogue);
                let entries = entries.into_iter().flat_map(|known| known.entries.values());
                let known = entries.map(|entry| (entry.code.as_str(), entry.words.clone()));
                let index = self.index(&format!("entry {catalogue}"), known);
                self.named(&index, text, Fault::NoEntry)?
            }
            Type::Place => {
                let places = self.world.places();
                let fits = |level| field.levels.is_empty() || field.levels.contains(&level);
                let known = places.filter(|place| fits(place.level));
                let index = self.index(
                    &format!("place {:?}", field.levels),
                    known.map(|place| (place.code.as_str(), place.words.clone())),
                );
                // A code of another level is told as what it is.
                match self.world.place(text) {
                    Some(_) => text.to_owned(),
                    None => self.named(&index, text, Fault::NoPlace)?,
                }
            }
            Type::Unit => {
                let fits = |kind: &String| field.kinds.is_empty() || field.kinds.contains(kind);
                let known = self.world.units().filter(|unit| fits(&unit.kind));
                let index = self.index(
                    &format!("unit {:?}", field.kinds),
                    known.map(|unit| (unit.code.as_str(), unit.words.clone())),
                );
                self.named(&index, text, Fault::NoUnit)?
            }
            Type::Person => {
                let known = self.world.people();
                let known = known.map(|one| (one.code.as_str(), Words::new(one.name.clone(), "")));
                let index = self.index("person", known);
                self.named(&index, text, Fault::NoPerson)?
            }
            _ => text.to_owned(),
        };
        Ok(Raw::Text(read))
    }

    fn index<'a>(&self, name: &str, known: impl Iterator<Item = (&'a str, Words)>) -> Index {
        if let Some(index) = self.indexes.borrow().get(name) {
            return index.clone();
        }
        let index = Rc::new(index(known));
        self.indexes.borrow_mut().insert(name.to_owned(), index.clone());
        index
    }

    fn named(&self, index: &Index, text: &str, fault: impl Fn(String) -> Fault) -> Result<String, Unread> {
        match index.get(&folded(text)).map(Vec::as_slice) {
            Some([code]) => Ok(code.clone()),
            Some(several @ [_, ..]) => Err(Unread::Several(several.iter().take(5).cloned().collect())),
            _ => Err(Unread::Fault(fault(text.chars().take(40).collect()))),
        }
    }
}

/// Codes by everything by which an entry may be called.
fn index<'a>(known: impl Iterator<Item = (&'a str, Words)>) -> HashMap<String, Vec<String>> {
    let mut index: HashMap<String, Vec<String>> = HashMap::new();
    for (code, words) in known {
        for name in [code, &words.zh, &words.en] {
            let codes = index.entry(folded(name)).or_default();
            if !name.is_empty() && !codes.iter().any(|known| known == code) {
                codes.push(code.to_owned());
            }
        }
    }
    index
}
