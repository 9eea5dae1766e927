//! A county in memory for the kernel's tests.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use gongzhi_base::{Calendar, CommandId, RecordId, Timestamp, Value, Zone};
use gongzhi_kernel::{
    Actor, Case, Claim, Command, Event, Laws, Order, Post, Raw, Record, Refusal, World, decide,
};
use gongzhi_lang::{DataFile, Source};

/// A county in memory: records and all events so far.
pub struct County {
    pub laws: Laws,
    pub world: World,
    pub records: BTreeMap<RecordId, Arc<Record>>,
    pub events: Vec<Event>,
    pub counters: BTreeMap<(String, i16), u64>,
    /// Records as they were when a deadline passed, by their revision.
    pub passed: BTreeMap<(RecordId, u64), Arc<Record>>,
    pub now: Timestamp,
    pub count: u64,
}

pub fn at(text: &str) -> Timestamp {
    Zone::CHINA.instant(text.parse().expect("a civil time"))
}

impl County {
    /// A county under these documents, without places or units.
    pub fn under(sources: &[Source], data: &[DataFile]) -> County {
        let checked = gongzhi_lang::check(sources, data);
        let faults: Vec<&str> = checked
            .diagnostics
            .iter()
            .filter(|d| d.severity == gongzhi_lang::Severity::Error)
            .map(|d| d.message.en.as_str())
            .collect();
        assert_eq!(faults, Vec::<&str>::new());
        let table = "date,weekday,kind,is_workday,holiday_zh,holiday_en\n2026-10-01,Thu,holiday,0,国庆节,National Day\n";
        let calendar = Arc::new(Calendar::read(table).expect("a calendar"));
        let laws = Laws::new(checked.library);
        let world = World::new("1".into(), Zone::CHINA, calendar, &laws.library);
        County {
            laws,
            world,
            records: BTreeMap::new(),
            events: Vec::new(),
            counters: BTreeMap::new(),
            passed: BTreeMap::new(),
            now: at("2026-09-14T09:00"),
            count: 0,
        }
    }

    /// A county under the documents of `tests/data`, with four places and four units.
    pub fn new() -> County {
        let sources = ["case", "registers"].map(|name| Source {
            path: format!("{name}.md"),
            text: std::fs::read_to_string(format!("{}/tests/data/{name}.md", env!("CARGO_MANIFEST_DIR")))
                .expect("a document"),
        });
        let mut county = County::under(&sources, &[]);
        for (code, name, level, parent) in [
            ("1", "县", "county", ""),
            ("11", "镇", "township", "1"),
            ("111", "村", "village", "11"),
            ("12", "乡", "township", "1"),
        ] {
            county.enter("places", &[("code", code), ("name", name), ("level", level), ("parent", parent)]);
        }
        for (code, kind, place, superior) in [
            ("top", "centre", "1", ""),
            ("town", "office", "11", "top"),
            ("water", "water", "1", "top"),
            ("other", "office", "12", "top"),
        ] {
            let row = [
                ("code", code),
                ("name", code),
                ("unit_kind", kind),
                ("place", place),
                ("superior", superior),
            ];
            county.enter("units", &row);
        }
        county
    }

    /// A county under a good document of `suite/lang`, with the language's shared vocabulary and places
    /// given by code, level and parent.
    pub fn of_suite(document: &str, places: &[(&str, &str, &str)]) -> County {
        let read = |path: String| std::fs::read_to_string(path).expect("a document");
        let root = env!("CARGO_MANIFEST_DIR");
        let suite = |name: &str| read(format!("{root}/../../suite/lang/{name}"));
        // Of the shared registers places lack a level, which the kernel's world wants.
        let shared = suite("shared.md");
        let vocabulary = shared.split("## 四、台账").next().expect("the vocabulary").to_owned();
        let sources = [
            Source { path: "shared.md".into(), text: vocabulary },
            Source { path: "registers.md".into(), text: read(format!("{root}/tests/data/registers.md")) },
            Source { path: format!("{document}.md"), text: suite(&format!("good/{document}.md")) },
        ];
        let data = [DataFile { name: "kinds.csv".into(), text: suite("kinds.csv") }];
        let mut county = County::under(&sources, &data);
        for (code, level, parent) in places {
            county.enter("places", &[("code", code), ("name", code), ("level", level), ("parent", parent)]);
        }
        county
    }

    pub fn enter(&mut self, mechanism: &str, row: &[(&str, &str)]) {
        let id = RecordId::of_entry(mechanism, row[0].1);
        let input = fields(row);
        let order = Order::Open { mechanism: mechanism.into(), step: "enter".into(), id, input };
        self.send(Actor::System, order).expect("entered");
    }

    pub fn send(&mut self, actor: Actor, order: Order) -> Result<Vec<Event>, Refusal> {
        self.count += 1;
        let id = CommandId::new(&format!("command-{}", self.count)).expect("an identifier");
        let command = Command { id, actor, at: self.now, order };
        let found = RefCell::new(&self.records);
        let record = |id: RecordId| found.borrow().get(&id).cloned();
        let counter =
            |name: &str, year: i16| self.counters.get(&(name.to_owned(), year)).copied().unwrap_or(0);
        let holders = |claims: &[Claim]| {
            let holds = |record: &Record| {
                let law = self.laws.version(&record.mechanism, record.version).expect("a mechanism");
                let held = gongzhi_kernel::claims::of(law, record, self.world.zone);
                held.iter().any(|claim| claims.contains(claim))
            };
            self.records.values().filter(|record| holds(record)).map(|record| record.id).collect()
        };
        let case = Case {
            laws: &self.laws,
            world: &self.world,
            record: &record,
            counter: &counter,
            holders: &holders,
        };
        let decision = decide(&case, &command)?;
        let again = decide(&case, &command).expect("the same decision");
        assert_eq!(again.events, decision.events, "deciding is deterministic");
        for (id, record) in decision.records {
            let mechanism =
                self.laws.version(&record.mechanism, record.version).expect("a mechanism").clone();
            self.world.register(&mechanism, &record);
            self.records.insert(id, record);
        }
        self.counters.extend(decision.counters);
        self.passed.extend(decision.passed);
        self.events.extend(decision.events.clone());
        Ok(decision.events)
    }

    pub fn report(&mut self, place: &str) -> RecordId {
        let id = RecordId::at(self.now.0, [self.count as u8; 10]);
        let input = fields(&[("what", "停水了"), ("where", place), ("contact", "13800001111")]);
        self.send(Actor::Public, Order::Open { mechanism: "case".into(), step: "report".into(), id, input })
            .expect("reported");
        id
    }

    pub fn step(
        &mut self,
        actor: &Actor,
        record: RecordId,
        step: &str,
        row: &[(&str, &str)],
    ) -> Result<Vec<Event>, Refusal> {
        let order = Order::Step { record, step: step.into(), expect: None, input: fields(row) };
        self.send(actor.clone(), order)
    }

    pub fn field(&self, id: RecordId, name: &str) -> Option<Value> {
        self.records[&id].fields.get(name).cloned()
    }
}

pub fn fields(row: &[(&str, &str)]) -> BTreeMap<String, Raw> {
    row.iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| {
            let raw = match value.split_once('|') {
                Some(_) => Raw::List(value.split('|').map(|item| Raw::Text(item.into())).collect()),
                None => Raw::Text((*value).to_owned()),
            };
            ((*name).to_owned(), raw)
        })
        .collect()
}

pub fn officer(unit: &str, place: &str) -> Actor {
    let post = Post { role: "officer".into(), unit: Some(unit.into()), place: place.into() };
    Actor::Person { code: format!("o-{unit}"), posts: vec![post] }
}
