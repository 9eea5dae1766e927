//! From the fields that a step asks for to the fields of a form, with what was typed before.

use std::collections::BTreeMap;

use gongzhi_base::{Timestamp, Value};
use gongzhi_kernel::{FieldFault, Record, World};
use gongzhi_lang::model::{Catalogue, Field as Asked, Level, Mechanism, Step, Type};
use gongzhi_service::State;
use gongzhi_service::files::MAX_BYTES;

use super::input::{self, Read, item, place};
use super::posted::{Posted, kept_value};
use super::settings::Presentation;
use super::words::{clause_link, field_fault_words, say, who_words};
use super::{names, tables};
use crate::i18n::{Lang, t};
use crate::view::{
    BoolInput, CatalogueGroup, CatalogueInput, CatalogueStyle, Choice, ChoiceInput, ChoiceStyle, DateInput,
    Field, FieldKind, FilesInput, Link, NumberInput, OptionGroup, PlaceInput, PlaceLevel, PointInput,
    Purpose, TextInput,
};

/// Up to this many choices are shown as buttons, more of them as a list to fold out.
const FEW: usize = 6;
/// Places shown for a search.
const FOUND: usize = 12;
/// Longer edge to which script shrinks photos before sending.
const EDGE: u32 = 1_600;

/// Everything that shapes the fields of one form.
pub struct Shape<'s> {
    pub lang: Lang,
    pub state: &'s State,
    pub mechanism: &'s Mechanism,
    pub step: &'s Step,
    pub presentation: &'s Presentation,
    /// When it is filled in: posts are held on a day.
    pub now: Timestamp,
    /// Whether staff fill it in: catalogues as lists.
    pub desk: bool,
    /// The record whose values a field starts with.
    pub record: Option<&'s Record>,
    /// Fields that a page has given values beforehand, such as a place by QR code.
    pub given: BTreeMap<String, String>,
    /// Rows with which tables begin, as the document proposes them.
    pub proposed: BTreeMap<String, Value>,
}

/// The faults of one submission by field.
pub fn faults(shape: &Shape<'_>, found: &[FieldFault], read: Option<&Read>) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for fault in found {
        if let Some(field) = shape.mechanism.field_at(&fault.field) {
            all.insert(fault.field.clone(), field_fault_words(shape.lang, field, &fault.fault));
        }
    }
    // A file that could not be taken explains a missing one better than “missing” does.
    all.extend(read.into_iter().flat_map(|read| read.faults.iter().cloned()));
    all
}

/// The fields of a step's form.
pub fn fields(
    shape: &Shape<'_>,
    posted: Option<&Posted>,
    read: Option<&Read>,
    faults: &BTreeMap<String, String>,
) -> Vec<Field> {
    let asked =
        shape.step.asks.iter().filter_map(|ask| Some((shape.mechanism.field(&ask.field)?, !ask.optional)));
    asked
        .map(|(field, required)| {
            let blank = Posted::default();
            let typed = match posted {
                Some(posted) => posted.clone(),
                None => begin(shape, field).unwrap_or(blank),
            };
            Field {
                name: field.name.clone(),
                label: say(shape.lang, &field.words),
                help: help(shape, field, posted),
                required,
                error: faults.get(&field.name).cloned(),
                purpose: purpose(shape, field),
                autocomplete: autocomplete(field),
                kind: match &field.ty {
                    Type::Rows(_) => {
                        FieldKind::Rows(tables::table(shape, field, posted, &typed, read, faults))
                    }
                    _ => kind(shape, field, required, &typed, read),
                },
            }
        })
        .collect()
}

/// What helps with a field; a table that begins with proposed rows says so.
fn help(shape: &Shape<'_>, field: &Asked, posted: Option<&Posted>) -> String {
    let proposed =
        posted.is_none() && shape.proposed.get(&field.name).is_some_and(|rows| !rows.items().is_empty());
    match proposed {
        true => t(shape.lang, "rows-proposed").into_owned(),
        false => say(shape.lang, &field.help),
    }
}

/// What a field starts with: given by the page, or as it stands in the record.
fn begin(shape: &Shape<'_>, field: &Asked) -> Option<Posted> {
    let mut posted = Posted::default();
    if let Some(value) = shape.given.get(&field.name) {
        posted.put(&field.name, value);
        return Some(posted);
    }
    if let Some(rows) = shape
        .proposed
        .get(&field.name)
        .filter(|_| shape.record.is_none_or(|record| !record.fields.contains_key(&field.name)))
    {
        return Some(tables::begin(field, rows));
    }
    // What a person says anew each time starts empty; codes start as they stand.
    let value = shape.record?.fields.get(&field.name)?;
    if matches!(field.ty, Type::Rows(_)) {
        return Some(tables::begin(field, value));
    }
    // Of a unit's staff those who stand are put right; other lists, such as whom one turns to, are said anew.
    let codes = matches!(field.ty, Type::Place | Type::Entry(_) | Type::Unit) || field.within.is_some();
    if codes && field.personal.is_none() {
        let codes = value.items().iter().filter_map(Value::text);
        posted.values.extend(codes.map(|code| (field.name.clone(), code.to_owned())));
        return Some(posted);
    }
    // What the record was opened with and is asked again is put right, so it starts as it stands too: a list
    // that is sent empty would be emptied. Files are chosen anew, and personal values stay covered.
    let opened = shape.mechanism.openers().any(|step| step.asks.iter().any(|ask| ask.field == field.name));
    let covered = field.personal.is_some() || matches!(item(&field.ty), Type::File);
    let mut typed = value.items().iter().map(|item| tables::typed(Some(field), item));
    match field.ty {
        _ if !opened || covered => return None,
        Type::List(_) if *item(&field.ty) == Type::Text => {
            posted.put(&field.name, &typed.collect::<Vec<_>>().join("\n"));
        }
        Type::List(_) => posted.values.extend(typed.map(|text| (field.name.clone(), text))),
        _ => posted.put(&field.name, &typed.next().filter(|text| !text.is_empty())?),
    }
    Some(posted)
}

fn purpose(shape: &Shape<'_>, field: &Asked) -> Option<Purpose> {
    let personal = field.personal.as_ref()?;
    Some(Purpose {
        why: say(shape.lang, &personal.purpose),
        audience: who_words(shape.lang, &personal.audience, shape.state),
        retention: super::why::span(shape.lang, personal.keep),
        clause: clause_link(shape.lang, &field.clause).map(|(label, href)| Link::new(label, href)),
    })
}

/// The browser's own filling-in goes by the element of the data dictionary.
fn autocomplete(field: &Asked) -> String {
    match field.element.as_deref() {
        Some("person_name") => "name",
        Some("phone") => "tel",
        _ => "",
    }
    .to_owned()
}

pub(super) fn kind(
    shape: &Shape<'_>,
    field: &Asked,
    required: bool,
    typed: &Posted,
    read: Option<&Read>,
) -> FieldKind {
    let value = typed.text(&field.name).to_owned();
    let bound = |bound: Option<i64>| bound.map(|bound| bound.to_string()).unwrap_or_default();
    let several = matches!(field.ty, Type::List(_));
    match item(&field.ty) {
        Type::Bool => {
            FieldKind::Bool(BoolInput { checked: matches!(value.as_str(), "true" | "on" | "1" | "yes") })
        }
        Type::Int if field.amount => FieldKind::Amount(NumberInput { value, ..NumberInput::default() }),
        Type::Int => FieldKind::Count(NumberInput {
            value,
            min: bound(field.min),
            max: bound(field.max),
            ..NumberInput::default()
        }),
        Type::Date => FieldKind::Date(DateInput { value, ..DateInput::default() }),
        Type::Month => FieldKind::Month(DateInput { value, ..DateInput::default() }),
        Type::Time => FieldKind::Time(DateInput { value, ..DateInput::default() }),
        Type::Choice(_) => FieldKind::Choice(choice(shape, field, &value)),
        Type::Entry(catalogue) => match shape.state.world.catalogue(catalogue) {
            Some(known) if field.heads => FieldKind::Choice(heads(shape, known, &value)),
            Some(known) => FieldKind::Catalogue(entries(shape, known, required, &value)),
            None => FieldKind::default(),
        },
        Type::Place => FieldKind::Place(places(shape, field, typed)),
        Type::Unit if several => {
            let chosen: Vec<&str> = typed.all(&field.name).collect();
            FieldKind::Several(units(shape, field, &chosen, ChoiceStyle::List))
        }
        Type::Unit => FieldKind::Unit(units(shape, field, &[&value], ChoiceStyle::Select)),
        Type::Person => {
            let chosen: Vec<&str> = typed.all(&field.name).collect();
            match staff(shape, field, typed, &chosen) {
                Some(known) if several => FieldKind::Several(known),
                Some(known) => FieldKind::Person(known),
                None => FieldKind::Person(ChoiceInput { value, ..ChoiceInput::default() }),
            }
        }
        Type::Point => FieldKind::Point(PointInput {
            lat: typed.text(&format!("{}.lat", field.name)).to_owned(),
            lon: typed.text(&format!("{}.lon", field.name)).to_owned(),
            outline_url: "/places/outline.geojson".to_owned(),
            tiles: String::new(),
            center: shape.presentation.centre.clone(),
        }),
        Type::File => FieldKind::Files(files(field, several, typed, read)),
        _ => FieldKind::Text(TextInput {
            value,
            rows: u32::from(field.lines),
            // A list's bound counts its items, not the characters of the box.
            max: field.max.filter(|_| !several).and_then(|max| u32::try_from(max).ok()).unwrap_or(0),
            input: if field.element.as_deref() == Some("phone") { "tel".to_owned() } else { String::new() },
            narrow: !several && field.max.is_some_and(|max| max <= 30),
        }),
    }
}

fn choice(shape: &Shape<'_>, field: &Asked, value: &str) -> ChoiceInput {
    let options = field.options.iter().map(|(name, words)| Choice {
        value: name.clone(),
        label: say(shape.lang, words),
        selected: name == value,
        ..Choice::default()
    });
    let style = if field.options.len() <= 3 {
        ChoiceStyle::Row
    } else if field.options.len() <= FEW {
        ChoiceStyle::List
    } else {
        ChoiceStyle::Select
    };
    ChoiceInput {
        groups: vec![OptionGroup { options: options.collect(), ..OptionGroup::default() }],
        style,
        ..ChoiceInput::default()
    }
}

/// Entries of a catalogue in three levels; a shallower one leaves the middle, or all, without heading.
fn entries(shape: &Shape<'_>, catalogue: &Catalogue, required: bool, value: &str) -> CatalogueInput {
    let under = |parent: Option<&str>| {
        let children = catalogue.entries.values().filter(move |entry| entry.parent.as_deref() == parent);
        children.collect::<Vec<_>>()
    };
    let option = |entry: &gongzhi_lang::model::Entry| Choice {
        value: entry.code.clone(),
        label: say(shape.lang, &entry.words),
        selected: entry.code == value,
        ..Choice::default()
    };
    let (alone, tops): (Vec<_>, Vec<_>) =
        under(None).into_iter().partition(|top| under(Some(&top.code)).is_empty());
    let alone = (!alone.is_empty()).then(|| {
        let options = alone.into_iter().map(option).collect();
        let group = OptionGroup { options, ..OptionGroup::default() };
        CatalogueGroup { groups: vec![group], ..CatalogueGroup::default() }
    });
    let groups = tops.into_iter().map(|top| {
        let mut direct = OptionGroup::default();
        let mut groups = Vec::new();
        for middle in under(Some(&top.code)) {
            let lowest = under(Some(&middle.code));
            if lowest.is_empty() {
                direct.options.push(option(middle));
            } else {
                let options = lowest.into_iter().map(option).collect();
                groups.push(OptionGroup { label: say(shape.lang, &middle.words), options });
            }
        }
        if !direct.options.is_empty() {
            groups.insert(0, direct);
        }
        let comma = t(shape.lang, "list-comma");
        let some: Vec<&str> =
            groups.iter().map(|group| group.label.as_str()).filter(|l| !l.is_empty()).take(3).collect();
        CatalogueGroup { label: say(shape.lang, &top.words), note: some.join(&comma), groups }
    });
    CatalogueInput {
        groups: alone.into_iter().chain(groups).collect(),
        style: if shape.desk { CatalogueStyle::Select } else { CatalogueStyle::Tree },
        unsure: if required { String::new() } else { t(shape.lang, "kind-unsure").into_owned() },
    }
}

/// The entries that have others under them, to choose one.
fn heads(shape: &Shape<'_>, catalogue: &Catalogue, value: &str) -> ChoiceInput {
    let heads = catalogue.entries.values().filter(|entry| catalogue.is_head(&entry.code));
    let options = heads.map(|entry| Choice {
        value: entry.code.clone(),
        label: say(shape.lang, &entry.words),
        selected: entry.code == value,
        ..Choice::default()
    });
    ChoiceInput {
        groups: vec![OptionGroup { options: options.collect(), ..OptionGroup::default() }],
        style: ChoiceStyle::Select,
        ..ChoiceInput::default()
    }
}

/// Units to choose, those of the county first, then by township.
fn units(shape: &Shape<'_>, field: &Asked, chosen: &[&str], style: ChoiceStyle) -> ChoiceInput {
    let world = &shape.state.world;
    let mut groups: BTreeMap<(Level, String), OptionGroup> = BTreeMap::new();
    for unit in world.units().filter(|unit| field.kinds.is_empty() || field.kinds.contains(&unit.kind)) {
        let Some(place) = world.place(&unit.place) else { continue };
        let at = world.up(&unit.place, Level::Township).unwrap_or(&unit.place).to_owned();
        let level = if place.level == Level::County { Level::County } else { Level::Township };
        let label = names::place_alone(shape.lang, shape.state, &at);
        let group =
            groups.entry((level, at)).or_insert_with(|| OptionGroup { label, ..OptionGroup::default() });
        // As tick boxes only what is not a village's own: hundreds of boxes help nobody.
        if style == ChoiceStyle::List
            && place.level > Level::Township
            && !chosen.contains(&unit.code.as_str())
        {
            continue;
        }
        group.options.push(Choice {
            value: unit.code.clone(),
            label: say(shape.lang, &unit.words),
            selected: chosen.contains(&unit.code.as_str()),
            ..Choice::default()
        });
    }
    ChoiceInput {
        groups: groups.into_values().filter(|group| !group.options.is_empty()).collect(),
        style,
        ..ChoiceInput::default()
    }
}

/// Who holds a post in the unit from which a person is asked, with the roles that tell namesakes apart; `None`
/// where no unit is said, or nobody works there. Whom the record names and who has left since can stay.
fn staff(shape: &Shape<'_>, field: &Asked, typed: &Posted, chosen: &[&str]) -> Option<ChoiceInput> {
    let world = &shape.state.world;
    let unit = field.within.as_deref()?;
    let known = shape.record.and_then(|record| record.fields.get(unit)?.text());
    let unit = typed.get(unit).or(known)?;
    let staff = world.staff_of(unit, world.zone.date(shape.now));
    let options = staff.into_iter().map(|(person, posts)| {
        let mut roles: Vec<String> =
            posts.into_iter().map(|post| names::role(shape.lang, shape.state, &post.role)).collect();
        roles.sort();
        roles.dedup();
        Choice {
            value: person.code.clone(),
            label: person.name.clone(),
            note: roles.join(&t(shape.lang, "list-comma")),
            selected: chosen.contains(&person.code.as_str()),
        }
    });
    let mut options: Vec<Choice> = options.collect();
    let before = shape.record.and_then(|record| record.fields.get(&field.name));
    let left = before.map(Value::items).unwrap_or_default().iter().filter_map(Value::text);
    let left: Vec<&str> = left.filter(|code| options.iter().all(|option| option.value != **code)).collect();
    options.extend(left.into_iter().map(|code| Choice {
        value: code.to_owned(),
        label: super::names::person(world, code),
        note: t(shape.lang, "person-left").into_owned(),
        selected: chosen.contains(&code),
    }));
    let group = OptionGroup { options, ..OptionGroup::default() };
    let style = if group.options.len() <= FEW { ChoiceStyle::List } else { ChoiceStyle::Select };
    (!group.options.is_empty()).then(|| ChoiceInput { groups: vec![group], style, ..ChoiceInput::default() })
}

fn files(field: &Asked, several: bool, typed: &Posted, read: Option<&Read>) -> FilesInput {
    let kept = read.into_iter().flat_map(|read| &read.kept).filter(|(name, _)| *name == field.name);
    let kept = kept.map(|(_, file)| Choice {
        value: kept_value(file),
        label: if file.name.is_empty() { file.media.clone() } else { file.name.clone() },
        selected: true,
        ..Choice::default()
    });
    // A table begins with the files that its rows hold already.
    let before = format!("{}.kept", field.name);
    let held = typed.all(&before).filter(|_| read.is_none()).map(|value| Choice {
        value: value.to_owned(),
        label: value.splitn(3, ' ').nth(2).unwrap_or_default().to_owned(),
        selected: true,
        ..Choice::default()
    });
    FilesInput {
        accept: if field.photo {
            "image/jpeg,image/png,image/webp"
        } else {
            "image/jpeg,image/png,image/webp,.pdf,.docx,.xlsx"
        }
        .to_owned(),
        max_files: if several { field.max.and_then(|max| u32::try_from(max).ok()).unwrap_or(6) } else { 1 },
        max_bytes: MAX_BYTES as u64,
        max_label: input::most_bytes(),
        max_edge: if field.photo { EDGE } else { 0 },
        photos: field.photo,
        kept: kept.chain(held).collect(),
    }
}

/// The place picker: what is chosen, what a search found, and the lists level by level.
fn places(shape: &Shape<'_>, field: &Asked, typed: &Posted) -> PlaceInput {
    let world = &shape.state.world;
    let asked = typed.get("_pick") == Some(field.name.as_str());
    let query = typed.text(&format!("{}.q", field.name)).trim().to_owned();
    // With “next level” pressed the lists speak, not the place that was chosen before.
    let code = match asked && query.is_empty() {
        true => {
            let mut lists = Posted::default();
            let of_field =
                typed.values.iter().filter(|(name, _)| name.starts_with(&format!("{}.", field.name)));
            lists.values.extend(of_field.cloned());
            place(field, &lists)
        }
        false => place(field, typed),
    };
    let path = world.path(&code);
    let known = world.place(&code).is_some();
    let label = |level: Level| names::level(shape.lang, level);
    let mut levels = Vec::new();
    let mut parent = Some(world.county.clone());
    let deepest = field.levels.iter().max().copied().unwrap_or(Level::Grid);
    for level in Level::ALL.into_iter().skip(1).filter(|level| *level <= deepest) {
        let chosen = path[level as usize].clone();
        let options = parent.iter().flat_map(|parent| world.children(parent)).map(|place| Choice {
            value: place.code.clone(),
            label: say(shape.lang, &place.words),
            selected: chosen.as_deref() == Some(place.code.as_str()),
            ..Choice::default()
        });
        let options: Vec<Choice> = options.collect();
        let groups = match options.is_empty() {
            true => Vec::new(),
            false => vec![OptionGroup { options, ..OptionGroup::default() }],
        };
        levels.push(PlaceLevel { label: label(level), groups });
        parent = chosen;
    }
    PlaceInput {
        chosen: if known { names::place(shape.lang, shape.state, &code) } else { String::new() },
        results: (asked && !query.is_empty()).then(|| search(shape.lang, shape.state, &query, &field.levels)),
        code: if known { code } else { String::new() },
        query,
        levels,
        children_url: "/places/children/".to_owned(),
        search_url: "/places/search?q=".to_owned(),
    }
}

/// Places whose names hold a text, nearer to the county's level first.
pub fn search(lang: Lang, state: &State, query: &str, levels: &[Level]) -> Vec<Choice> {
    let found = find_places(&state.world, query, levels);
    found
        .into_iter()
        .map(|code| Choice {
            label: names::place_alone(lang, state, &code),
            note: names::place(lang, state, &code),
            value: code,
            selected: false,
        })
        .collect()
}

/// Codes of places whose names hold a text.
pub fn find_places(world: &World, query: &str, levels: &[Level]) -> Vec<String> {
    let query = query.trim().to_lowercase();
    if query.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<(bool, Level, &str)> = world
        .places()
        .filter(|place| place.level != Level::County && (levels.is_empty() || levels.contains(&place.level)))
        .filter(|place| place.words.zh.contains(&query) || place.words.en.to_lowercase().contains(&query))
        .map(|place| {
            let begins =
                place.words.zh.starts_with(&query) || place.words.en.to_lowercase().starts_with(&query);
            (!begins, place.level, place.code.as_str())
        })
        .collect();
    found.sort();
    found.into_iter().take(FOUND).map(|(_, _, code)| code.to_owned()).collect()
}

/// Text typed into a form, for pages that can show the form no longer.
pub fn typed(lang: Lang, mechanism: &Mechanism, step: &Step, posted: &Posted) -> Vec<crate::view::Fact> {
    let asked = step.asks.iter().filter_map(|ask| mechanism.field(&ask.field));
    let texts = asked.filter(|field| field.ty == Type::Text && !posted.text(&field.name).trim().is_empty());
    texts
        .map(|field| crate::view::Fact {
            label: say(lang, &field.words),
            value: posted.text(&field.name).to_owned(),
            ..crate::view::Fact::default()
        })
        .collect()
}

/// A value of a record that a page may show beside a form.
pub fn shown(lang: Lang, state: &State, field: &Asked, value: &Value) -> crate::view::Fact {
    crate::view::Fact {
        label: say(lang, &field.words),
        value: names::value(lang, state, field, value),
        table: tables::shown(lang, state, field, value),
        href: rule(state, field, value).unwrap_or_default(),
        ..crate::view::Fact::default()
    }
}

/// Where the document of a mechanism is read that a value names.
fn rule(state: &State, field: &Asked, value: &Value) -> Option<String> {
    let names = |ty: &Type| matches!(ty, Type::Entry(of) if of == gongzhi_lang::dictionary::MECHANISMS);
    let named = value.text().filter(|_| names(&field.ty))?;
    Some(format!("/help/{}", state.laws.newest(named)?.document))
}
