//! Parents, their parts and tables: what is counted and summed, who may add, and what entries keep.

mod county;

use std::collections::BTreeMap;

use county::{County, fields};
use gongzhi_base::canon::Canon as _;
use gongzhi_base::{RecordId, Value};
use gongzhi_kernel::project::project;
use gongzhi_kernel::{Actor, Event, Fault, FieldFault, Order, Post, Raw, Record, Refusal};

/// A county under `suite/lang/good/tree.md`: plans, their projects, with tables.
fn county() -> County {
    County::of_suite(
        "tree",
        &[("1", "county", ""), ("11", "township", "1"), ("111", "village", "11"), ("12", "township", "1")],
    )
}

fn person(role: &str, place: &str) -> Actor {
    let post = Post { role: role.into(), unit: None, place: place.into() };
    Actor::Person { code: format!("p-{role}"), posts: vec![post] }
}

fn secretary() -> Actor {
    person("secretary", "111")
}

fn plan(county: &mut County) -> RecordId {
    let id = RecordId([county.count as u8 + 1; 16]);
    let input = fields(&[("what", "修路"), ("where", "111")]);
    let order = Order::Open { mechanism: "plan".into(), step: "open".into(), id, input };
    county.send(secretary(), order).expect("a plan");
    id
}

fn project_under(county: &mut County, parent: &str, what: &str) -> Result<RecordId, Refusal> {
    let id = RecordId([county.count as u8 + 1; 16]);
    let input = fields(&[("what", what), ("parent", parent)]);
    let order = Order::Open { mechanism: "project".into(), step: "open".into(), id, input };
    county.send(secretary(), order).map(|_| id)
}

fn row(cells: &[(&str, &str)]) -> Raw {
    Raw::Row(cells.iter().map(|(name, value)| ((*name).to_owned(), Raw::Text((*value).to_owned()))).collect())
}

fn take(county: &mut County, id: RecordId, step: &str, field: &str, rows: Vec<Raw>) -> Result<(), Refusal> {
    let input = BTreeMap::from([(field.to_owned(), Raw::List(rows))]);
    let order = Order::Step { record: id, step: step.into(), expect: None, input };
    let actor = if step == "check" { person("officer", "1") } else { secretary() };
    county.send(actor, order).map(|_| ())
}

fn faults(result: Result<(), Refusal>) -> Vec<(String, Fault)> {
    match result {
        Err(Refusal::Fields(faults)) => {
            faults.into_iter().map(|FieldFault { field, fault }| (field, fault)).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn parts_are_numbered_under_their_parent_and_counted_in_it() {
    let mut county = county();
    let plan = plan(&mut county);
    assert_eq!(county.records[&plan].number, "P2026-001");
    assert_eq!(county.field(plan, "projects"), Some(Value::Int(0)));
    let first = project_under(&mut county, &plan.to_string(), "东街").expect("a project");
    let second = project_under(&mut county, &plan.to_string(), "西街").expect("a project");
    assert_eq!(county.records[&second].number, "P2026-001.2");
    assert_eq!(county.field(second, "plan_name"), Some(Value::from("修路")), "taken from the parent");
    assert_eq!(county.records[&first].place, "111", "a part lives where its parent does");
    assert_eq!(county.field(plan, "projects"), Some(Value::Int(2)));
    assert_eq!(county.field(plan, "all_done"), Some(Value::Bool(false)));

    let costs = || {
        vec![
            row(&[("day", "2026-09-14"), ("item", "水泥"), ("amount", "1200.50")]),
            row(&[("day", ""), ("item", " "), ("amount", "")]),
            row(&[("day", "2026-09-15"), ("item", "人工"), ("amount", "300")]),
        ]
    };
    for id in [first, second] {
        take(&mut county, id, "spend", "costs", costs()).expect("entered");
    }
    assert_eq!(county.field(first, "spent"), Some(Value::Int(150_050)), "in fen, the empty row left out");
    assert_eq!(county.field(first, "large"), Some(Value::Int(1)));
    assert_eq!(county.field(plan, "spent"), Some(Value::Int(300_100)), "summed over the parts");
    assert!(matches!(county.step(&secretary(), plan, "close", &[]), Err(Refusal::Need { .. })));
    for id in [first, second] {
        let met = |code: &str| row(&[("item", code), ("met", "true")]);
        take(&mut county, id, "check", "checks", vec![met("02"), met("0101")]).expect("checked");
        county.step(&secretary(), id, "close", &[]).expect("done");
    }
    assert_eq!(county.field(plan, "finished"), Some(Value::Int(2)));
    county.step(&secretary(), plan, "close", &[]).expect("all projects are done");
    assert!(
        matches!(project_under(&mut county, &plan.to_string(), "北街"), Err(Refusal::WrongState { .. })),
        "nothing is added to what is closed"
    );

    let mut folded: BTreeMap<RecordId, Record> = BTreeMap::new();
    for event in &county.events {
        assert_eq!(&Event::from_bytes(&event.to_bytes()).expect("reads back"), event);
        let old = folded.remove(&event.record);
        folded.insert(event.record, Record::fold(old, event).expect("follows"));
    }
    for (id, record) in folded {
        assert_eq!(&record, county.records[&id].as_ref());
        assert_eq!(Record::from_bytes(&record.to_bytes()).expect("reads back"), record);
    }
}

#[test]
fn a_part_has_exactly_one_parent_that_its_opener_may_read() {
    let mut county = county();
    let plan = plan(&mut county);
    let project = project_under(&mut county, &plan.to_string(), "东街").expect("a project");
    let open = |county: &mut County, parent: &str| {
        let result = project_under(county, parent, "西街").map(|_| ());
        faults(result)
    };
    assert_eq!(open(&mut county, ""), [("parent".to_owned(), Fault::Missing)]);
    let other = project.to_string();
    assert_eq!(
        open(&mut county, &other),
        [("parent".to_owned(), Fault::NoRecord(other.clone()))],
        "of another kind"
    );
    assert_eq!(open(&mut county, "x"), [("parent".to_owned(), Fault::NoRecord("x".into()))]);
    let stranger = person("secretary", "11");
    let input = fields(&[("what", "西街"), ("parent", &plan.to_string())]);
    let order =
        Order::Open { mechanism: "project".into(), step: "open".into(), id: RecordId([99; 16]), input };
    assert!(
        county.send(stranger.clone(), order.clone()).is_ok(),
        "a post over the township covers the village"
    );
    let far = Order::Open {
        mechanism: "project".into(),
        step: "open".into(),
        id: RecordId([98; 16]),
        input: match order {
            Order::Open { input, .. } => input,
            _ => unreachable!("just made"),
        },
    };
    assert!(
        matches!(county.send(person("secretary", "12"), far), Err(Refusal::Fields(_))),
        "knows nothing of it"
    );
}

#[test]
fn every_fault_of_a_table_is_told_at_its_cell() {
    let mut county = county();
    let plan = plan(&mut county);
    let id = project_under(&mut county, &plan.to_string(), "东街").expect("a project");
    let bad = vec![
        row(&[("day", "gestern"), ("item", "水泥"), ("amount", "1.234"), ("colour", "red")]),
        row(&[("item", "人工"), ("amount", "7")]),
        Raw::Text("x".into()),
    ];
    let name = |name: &str| name.to_owned();
    assert_eq!(
        faults(take(&mut county, id, "spend", "costs", bad)),
        [
            (name("costs.0.colour"), Fault::NotAsked),
            (name("costs.0.day"), Fault::NotDate),
            (name("costs.0.amount"), Fault::NotNumber),
            (name("costs.1.day"), Fault::Missing),
            (name("costs"), Fault::NotRows),
        ]
    );
    let many = (0..41).map(|_| row(&[("day", "2026-09-14"), ("item", "x"), ("amount", "1")])).collect();
    assert_eq!(faults(take(&mut county, id, "spend", "costs", many)), [(name("costs"), Fault::TooLong(40))]);
    let twice = vec![row(&[("item", "02")]), row(&[("item", "02")]), row(&[("item", "01")])];
    assert_eq!(
        faults(take(&mut county, id, "check", "checks", twice)),
        [
            (name("checks.1.item"), Fault::RowTwice("02".into())),
            (name("checks.2.item"), Fault::NoEntry("01".into())),
            (name("checks"), Fault::NoRow("0101".into())),
        ],
        "each lowest entry once"
    );
}

#[test]
fn words_in_tables_are_found() {
    let mut county = county();
    let plan = plan(&mut county);
    let id = project_under(&mut county, &plan.to_string(), "东街").expect("a project");
    let costs = vec![row(&[("day", "2026-09-14"), ("item", "水泥"), ("amount", "1")])];
    take(&mut county, id, "spend", "costs", costs).expect("entered");
    let record = county.records[&id].clone();
    let mechanism = county.laws.newest("project").expect("a mechanism");
    let text = project(mechanism, &record, &county.world, county.now).text;
    let wanted = gongzhi_base::words::index_tokens("水泥");
    assert!(wanted.split_whitespace().all(|token| text.contains(token)), "{text}");
}
