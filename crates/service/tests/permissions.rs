//! Authority as a golden file: `suite/permissions.out` says for each mechanism, action and role where
//! a post must lie to allow it. Computed with the rights that the product uses, never by hand.
//! `UPDATE=1 cargo test -p gongzhi-service --test permissions` writes it anew; read what changed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use gongzhi_base::{Calendar, RecordId, Timestamp, Value, Zone};
use gongzhi_kernel::{Actor, Laws, Post, Record, World, rights};
use gongzhi_lang::model::{Mechanism, Type, Who};
use gongzhi_service::load;

const HERE: &str = "11";
const UNIT: &str = "unit-in-charge";

/// A county of two townships without anything else.
fn world(laws: &Laws) -> World {
    let calendar = Arc::new(Calendar::default());
    let mut world = World::new("1".into(), Zone::CHINA, calendar, &laws.library);
    let places =
        laws.library.mechanisms.values().find(|m| m.register.as_deref() == Some("place")).expect("places");
    for (code, level, parent) in [("1", "county", ""), (HERE, "township", "1"), ("12", "township", "1")] {
        let mut record = blank(places);
        for (name, value) in [("code", code), ("name", code), ("level", level), ("parent", parent)] {
            if !value.is_empty() {
                record.fields.insert(name.into(), Value::from(value));
            }
        }
        world.register(places, &record);
    }
    world
}

/// A record here, with every field that names units in the hands of one unit.
fn blank(mechanism: &Mechanism) -> Record {
    let mut fields = BTreeMap::new();
    for field in &mechanism.fields {
        match &field.ty {
            Type::Unit => drop(fields.insert(field.name.clone(), Value::from(UNIT))),
            Type::List(item) if **item == Type::Unit => {
                fields.insert(field.name.clone(), Value::List(vec![Value::from(UNIT)]));
            }
            _ => {}
        }
    }
    Record {
        id: RecordId([1; 16]),
        mechanism: mechanism.name.clone(),
        version: mechanism.version,
        revision: 1,
        state: String::new(),
        place: HERE.into(),
        number: String::new(),
        opened: Timestamp(0),
        changed: Timestamp(0),
        parent: None,
        above: Vec::new(),
        fields,
        taken: BTreeMap::new(),
        clocks: BTreeMap::new(),
        parts: Vec::new(),
        stepped: 1,
    }
}

/// Where a post of a role must lie: over the place, in a unit of the record, or anywhere.
fn cell(who: &[Who], role: &str, record: &Record, world: &World) -> &'static str {
    let allowed = |place: &str, unit: &str| {
        let post = Post { role: role.into(), unit: Some(unit.into()), place: place.into() };
        let actor = Actor::Person { code: "p".into(), posts: vec![post] };
        rights::allows(who, &actor, Some(record), HERE, world).is_some()
    };
    match (allowed("12", "another"), allowed(HERE, "another"), allowed("12", UNIT)) {
        (true, _, _) => "anywhere",
        (_, true, true) => "place/unit",
        (_, true, false) => "place",
        (_, false, true) => "unit",
        _ => "-",
    }
}

#[test]
fn the_grid_is_what_the_file_says() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let files = load::read_library(&root.join("mechanisms")).expect("documents");
    let laws = Laws::new(load::check_library(&files).expect("clean documents"));
    let world = world(&laws);
    let roles: Vec<&String> = laws.library.roles.keys().collect();
    let mut out = String::from(
        "Who may do what. A post allows an action when it lies: `place` over the record's place, `unit` in a unit that\n\
         the record names for it (which one: see the document), `anywhere`; `holder` has the receipt code, `anyone` needs\n\
         nothing, `system` acts by itself.\n",
    );
    for mechanism in laws.library.mechanisms.values() {
        let record = blank(mechanism);
        let _ = write!(out, "\n{:<30} {:<14}", mechanism.name, "");
        for role in &roles {
            let _ = write!(out, " {role:<13}");
        }
        out.push('\n');
        let mut row = |name: &str, who: &[Who]| {
            let plain = [(Who::Anyone, "anyone"), (Who::Holder, "holder"), (Who::System, "system")];
            let plain: Vec<&str> =
                plain.iter().filter(|(known, _)| who.contains(known)).map(|(_, n)| *n).collect();
            let mut line = format!("  {name:<28} {:<14}", plain.join(" "));
            for role in &roles {
                let _ = write!(line, " {:<13}", cell(who, role, &record, &world));
            }
            out.push_str(line.trim_end());
            out.push('\n');
        };
        row("(read)", &rights::readers(mechanism));
        for step in &mechanism.steps {
            row(&step.name, &step.by);
        }
        for field in &mechanism.fields {
            if let Some(personal) = &field.personal {
                row(&format!("(look at {})", field.name), &personal.audience);
            }
        }
    }
    let path = root.join("suite/permissions.out");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &out).expect("written");
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        known == out,
        "rights have changed: UPDATE=1 writes {} anew; read the difference",
        path.display()
    );
}
