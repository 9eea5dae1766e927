//! Who is told what: the notices of a document over records that are put together by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use gongzhi_base::{Calendar, RecordId, Timestamp, Value, Zone};
use gongzhi_kernel::event::StepTaken;
use gongzhi_kernel::record::Clock;
use gongzhi_kernel::{Acted, Deed, Event, Post, Record, World, notice};
use gongzhi_lang::model::{Library, Mechanism};
use gongzhi_lang::{DataFile, Source};

fn library() -> Library {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suite/lang");
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).expect("a file of the suite");
    let own = "# 报修 · Repairs\n\n## 一、规则 · Rule\n\n规则。 The rule.\n\n```yaml
mechanism: repair
zh: 报修
en: Repair
lives-at: [village]
number: \"R{yyyy}-{n:3}\"
title: what
place: where
unit: handler
readers: [officer of helpers, clerk]
fields:
  what: { type: text, min: 2, max: 200, zh: 什么事, en: What }
  where: { type: place, zh: 哪里, en: Where }
  handler: { type: unit, zh: 承办, en: Handler }
  helpers: { type: list of unit, zh: 协助, en: Helpers }
  cost: { type: amount, zh: 费用, en: Cost }
states:
  open: { zh: 待修, en: Open, waits: [officer of handler] }
  closed: { zh: 修好, en: Mended, final: true }
steps:
  report: { zh: 报修, en: Report, from: new, to: open, by: anyone, asks: [what, where, handler, helpers?, cost?] }
  close: { zh: 修好, en: Mend, from: open, to: closed, by: officer of handler }
deadlines:
  mend: { zh: 修理, en: To mend, starts: report, ends: close, within: 5 days, warns: 1 days }
notices:
  begun: { on: report, to: [officer of handler, officer of helpers],
    zh: \"{number}：{where}，费用{cost}，由{handler}和{helpers}办，{due}前\", en: \"{number}: {where}, {cost}, {handler} with {helpers}, by {due}\" }
  near: { warned: mend, to: [officer of handler], zh: \"{number}{state}，{due}到期\", en: \"{number} is {state}, due {due}\" }
  over: { late: mend, to: [officer of handler, clerk], zh: \"{number}超期\", en: \"{number} is late\" }
```\n";
    let sources = [
        Source { path: "shared.md".into(), text: read("shared.md") },
        Source { path: "repair.md".into(), text: own.into() },
    ];
    let checked =
        gongzhi_lang::check(&sources, &[DataFile { name: "kinds.csv".into(), text: read("kinds.csv") }]);
    let faults: Vec<_> = checked.diagnostics.iter().map(|found| (found.line, &found.message.en)).collect();
    assert_eq!(faults, Vec::new());
    checked.library
}

fn blank(mechanism: &str, fields: &[(&str, &str)]) -> Record {
    Record {
        id: RecordId::of_entry(mechanism, fields[0].1),
        mechanism: mechanism.into(),
        version: 1,
        revision: 1,
        state: "open".into(),
        place: "111".into(),
        number: "R2026-007".into(),
        opened: Timestamp(0),
        changed: Timestamp(0),
        parent: None,
        above: Vec::new(),
        fields: fields.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect(),
        taken: BTreeMap::new(),
        clocks: BTreeMap::new(),
        parts: Vec::new(),
        stepped: 1,
    }
}

/// A register that only names itself: entering its records needs no document.
fn register(world: &mut World, repair: &Mechanism, library: &Library, name: &str, fields: &[(&str, &str)]) {
    let found = library.mechanisms.values().find(|one| one.register.as_deref() == Some(name));
    assert!(world.register(found.map_or(repair, |found| found), &blank(name, fields)), "{name}");
}

fn county() -> (Arc<Mechanism>, World) {
    let library = library();
    let repair = library.mechanisms["repair"].clone();
    let table =
        "date,weekday,kind,is_workday,holiday_zh,holiday_en\n2026-10-01,Thu,holiday,0,国庆节,National Day\n";
    let calendar = Arc::new(Calendar::read(table).expect("a calendar"));
    let mut world = World::new("1".into(), Zone::CHINA, calendar, &library);
    for (code, name, en, level, parent) in [
        ("1", "县", "County", "county", ""),
        ("11", "镇", "Town", "township", "1"),
        ("111", "东村", "East", "village", "11"),
    ] {
        let mut row = vec![("code", code), ("name", name), ("name_en", en), ("level", level)];
        row.extend((!parent.is_empty()).then_some(("parent", parent)));
        register(&mut world, &repair, &library, "place", &row);
    }
    for (code, name) in [("water", "水务所"), ("power", "电力所")] {
        register(&mut world, &repair, &library, "unit", &[("code", code), ("name", name), ("place", "11")]);
    }
    (repair, world)
}

fn appoint(world: &mut World, posts: &Mechanism, person: &str, post: &Post) {
    let code = format!("{person}/{}", post.role);
    let mut fields =
        vec![("code", code.as_str()), ("person", person), ("role", &post.role), ("place", &post.place)];
    fields.extend(post.unit.as_deref().map(|unit| ("unit", unit)));
    assert!(world.register(posts, &blank("posts", &fields)));
}

fn posts() -> Arc<Mechanism> {
    let text = std::fs::read_to_string(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../mechanisms/posts.md"),
    );
    let elements = std::fs::read_to_string(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../mechanisms/elements.md"),
    );
    let source =
        |path: &str, text: std::io::Result<String>| Source { path: path.into(), text: text.expect("there") };
    let checked = gongzhi_lang::check(&[source("posts.md", text), source("elements.md", elements)], &[]);
    checked.library.mechanisms["posts"].clone()
}

fn record() -> Record {
    let mut record = blank("repair", &[("what", "灯坏了"), ("where", "111"), ("handler", "water")]);
    record.fields.insert("helpers".into(), Value::List(vec!["power".into(), "water".into()]));
    record.fields.insert("cost".into(), Value::Int(-12_305));
    let due = Zone::CHINA.instant("2026-09-20T00:00".parse().expect("a time"));
    let mut derivation = Calendar::default().due(
        Zone::CHINA,
        Timestamp(0),
        gongzhi_base::Span::new(1, gongzhi_base::Unit::Days),
        &[],
    );
    derivation.due = due;
    let clock =
        Clock { derivation, ended: None, met: false, paused: None, late: None, warned: false, extended: 0 };
    record.clocks.insert("mend".into(), clock);
    record
}

fn event(by: Acted, deed: Deed) -> Event {
    Event {
        record: record().id,
        mechanism: "repair".into(),
        version: 1,
        revision: 1,
        at: Timestamp(5),
        by,
        deed,
    }
}

fn step(name: &str) -> Deed {
    Deed::Step(Box::new(StepTaken { step: name.into(), ..StepTaken::default() }))
}

#[test]
fn those_in_posts_are_told_in_both_languages_and_who_acted_is_not() {
    let (repair, mut world) = county();
    let posts = posts();
    let post = |role: &str, unit: Option<&str>| Post {
        role: role.into(),
        unit: unit.map(str::to_owned),
        place: "11".into(),
    };
    appoint(&mut world, &posts, "wang", &post("officer", Some("water")));
    appoint(&mut world, &posts, "li", &post("officer", Some("power")));
    appoint(&mut world, &posts, "zhao", &post("officer", Some("other")));
    appoint(&mut world, &posts, "qian", &post("clerk", None));
    let told = |by: Acted, deed: Deed| {
        let found = notice::of_event(&repair, &event(by, deed), &record(), &world);
        found.into_iter().map(|one| (one.rule, one.to, one.text)).collect::<Vec<_>>()
    };
    let begun = told(Acted::Public, step("report"));
    assert_eq!(begun.len(), 1);
    assert_eq!(begun[0].1, ["li", "wang"]);
    assert_eq!(begun[0].2.zh, "R2026-007：东村，费用-123.05，由水务所和电力所、水务所办，2026-09-19 23:59前");
    assert_eq!(begun[0].2.en, "R2026-007: East, -123.05, 水务所 with 电力所, 水务所, by 2026-09-19 23:59");
    let by = Acted::Person { code: "wang".into(), post: None };
    assert_eq!(told(by.clone(), step("report"))[0].1, ["li"], "who acted knows");
    assert_eq!(told(by, Deed::Passed { deadline: "mend".into(), late: false }), [], "nobody else is meant");
    let near = told(Acted::System, Deed::Passed { deadline: "mend".into(), late: false });
    assert_eq!((near[0].0.as_str(), near[0].2.zh.as_str()), ("near", "R2026-007待修，2026-09-19 23:59到期"));
    let over = told(Acted::System, Deed::Passed { deadline: "mend".into(), late: true });
    assert_eq!((over[0].0.as_str(), &over[0].1), ("over", &vec!["qian".to_owned(), "wang".to_owned()]));
    assert_eq!(told(Acted::System, step("close")), []);
    assert_eq!(told(Acted::System, Deed::Passed { deadline: "other".into(), late: true }), []);
}

#[test]
fn a_post_that_ends_or_moves_is_told_no_more() {
    let (repair, mut world) = county();
    let posts = posts();
    let to = |world: &World| {
        let told = notice::of_event(&repair, &event(Acted::Public, step("report")), &record(), world);
        told.into_iter().flat_map(|one| one.to).collect::<Vec<_>>()
    };
    let officer = |unit: &str| Post { role: "officer".into(), unit: Some(unit.into()), place: "11".into() };
    appoint(&mut world, &posts, "wang", &officer("water"));
    appoint(&mut world, &posts, "li", &officer("water"));
    assert_eq!(to(&world), ["li", "wang"]);
    appoint(&mut world, &posts, "wang", &officer("elsewhere"));
    assert_eq!(to(&world), ["li"]);
    let mut ended =
        blank("posts", &[("code", "li/officer"), ("person", "li"), ("role", "officer"), ("place", "11")]);
    ended.state = "ended".into();
    world.register(&posts, &ended);
    assert_eq!(to(&world), Vec::<String>::new());
}
