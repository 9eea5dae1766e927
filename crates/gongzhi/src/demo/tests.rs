//! What the demo must show, read from `suite/demo/expect.toml`; and the ledger under it: it
//! verifies, and every indicator equals its recount from all records.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{Point, Timestamp, Value};
use gongzhi_kernel::project::{CellKey, project};
use gongzhi_kernel::{Deed, Event, Record};
use gongzhi_lang::model::{Dimension, Level};
use gongzhi_service::Service;
use gongzhi_service::ambient::Scripted;
use gongzhi_service::figures::FigureQuery;
use gongzhi_store::{CellQuery, ListQuery};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    county: String,
    past: Vec<Past>,
    every_state: Vec<String>,
    records: Vec<Records>,
    share_open: Vec<Share>,
    steps: BTreeMap<String, BTreeMap<String, u32>>,
    computed: Vec<Computed>,
    kinds: Vec<Kinds>,
    late: Vec<Least>,
    counted: Vec<Counted>,
    figure: Vec<FigureWithin>,
    spread: Vec<Spread>,
    at_place: Vec<AtPlace>,
    again: Vec<Again>,
    duplicates: Vec<Duplicates>,
    inbox: Vec<Inbox>,
    reads: Vec<Reads>,
    looks: Looks,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Past {
    until: String,
    seed: u64,
}

impl Past {
    fn play(&self) -> Played {
        played(Timestamp::read(&self.until).expect("a time"), (self.seed, 0))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Records {
    of: String,
    least: usize,
    most: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Share {
    of: String,
    between: [usize; 2],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Computed {
    of: String,
    fields: BTreeMap<String, i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kinds {
    of: String,
    count: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Least {
    of: String,
    least: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FigureWithin {
    of: String,
    indicator: String,
    between: [f64; 2],
}

/// What an indicator of the present counts, for an entry of the mechanism's kinds, a unit, or the whole county.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Counted {
    of: String,
    indicator: String,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    unit: Option<String>,
    is: i64,
    /// Of so many, for a ratio.
    #[serde(default)]
    out_of: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spread {
    of: String,
    indicator: String,
    level: String,
    least: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AtPlace {
    of: String,
    place: String,
    least: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Again {
    of: String,
    place: String,
    kind: String,
    least: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Duplicates {
    of: String,
    place: String,
    reader: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Inbox {
    login: String,
    least: u64,
    #[serde(default)]
    late: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reads {
    login: String,
    least: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Looks {
    least: usize,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn expect() -> Expect {
    let text = std::fs::read_to_string(root().join("suite/demo/expect.toml")).expect("the expectations");
    toml::from_str(&text).expect("the expectations' form")
}

struct Played {
    service: Service,
    summary: super::Summary,
    _dir: tempfile::TempDir,
}

fn played(until: Timestamp, drawn: (u64, u64)) -> Played {
    let dir = tempfile::tempdir().expect("a directory");
    let (county, mechanisms) = (root().join(super::tests::expect().county), root().join("mechanisms"));
    let clock = Arc::new(Scripted::new(super::begin(until), drawn.0));
    let service = crate::commands::load::county(
        &crate::commands::open::Store::of_dir(dir.path()),
        &county,
        &mechanisms,
        clock.clone(),
    )
    .unwrap_or_else(|fault| panic!("{fault}"));
    let summary = super::play(&service, &clock, &county, until, drawn, &mut |_| {})
        .unwrap_or_else(|fault| panic!("{fault}"));
    Played { service, summary, _dir: dir }
}

fn records(service: &Service, mechanism: &str) -> Vec<Record> {
    let snapshots = service.ledger().snapshots(mechanism).expect("snapshots");
    snapshots.iter().map(|bytes| Record::from_bytes(bytes).expect("a record")).collect()
}

fn row_of(service: &Service, record: &Record) -> gongzhi_kernel::project::Row {
    let state = service.state();
    let mechanism = state.laws.version(&record.mechanism, record.version).expect("its mechanism");
    project(mechanism, record, &state.world, service.now()).row
}

/// All cells of the ledger, zero ones left out.
fn kept_cells(service: &Service) -> BTreeMap<CellKey, (i64, i64)> {
    let names: Vec<String> = service.state().laws.library.mechanisms.keys().cloned().collect();
    let mut cells = BTreeMap::new();
    for mechanism in names {
        for dimension in Dimension::ALL {
            for (from, to) in [("", ""), ("0000-00", "9999-99")] {
                let query = CellQuery {
                    mechanism: mechanism.clone(),
                    indicators: Vec::new(),
                    dimension,
                    keys: Vec::new(),
                    from: from.to_owned(),
                    to: to.to_owned(),
                };
                let found = service.ledger().cells(&query).expect("cells");
                cells.extend(found.into_iter().map(|cell| (cell.key, (cell.numerator, cell.denominator))));
            }
        }
    }
    cells.retain(|_, sum| *sum != (0, 0));
    cells
}

/// The same recounted from every record.
fn recount(service: &Service) -> BTreeMap<CellKey, (i64, i64)> {
    let state = service.state();
    let mut cells: BTreeMap<CellKey, (i64, i64)> = BTreeMap::new();
    for name in state.laws.library.mechanisms.keys() {
        for record in records(service, name) {
            let mechanism = state.laws.version(name, record.version).expect("its mechanism");
            for cell in project(mechanism, &record, &state.world, service.now()).share.cells() {
                let sum = cells.entry(cell.key).or_default();
                sum.0 += cell.numerator;
                sum.1 += cell.denominator;
            }
        }
    }
    cells.retain(|_, sum| *sum != (0, 0));
    cells
}

/// Collects what does not hold, so that all of it is told at once.
#[derive(Default)]
struct Wrong(Vec<String>);

impl Wrong {
    fn unless(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.0.push(what());
        }
    }
}

#[test]
fn the_demo_shows_what_it_should() {
    let expect = expect();
    for past in &expect.past {
        shows(&expect, past);
    }
}

fn shows(expect: &Expect, past: &Past) {
    let Played { service, summary, .. } = &past.play();
    let mut wrong = Wrong::default();
    wrong.unless(summary.missed.is_empty(), || format!("missed: {:#?}", summary.missed));
    all_states(service, expect, &mut wrong);
    lists(service, expect, &mut wrong);
    figures(service, expect, &mut wrong);
    people(service, expect, &mut wrong);
    let looks = looks(service);
    wrong.unless(looks >= expect.looks.least, || format!("{looks} looks"));
    assert!(wrong.0.is_empty(), "until {}\n{summary:#?}\n{}", past.until, wrong.0.join("\n"));
}

fn all_states(service: &Service, expect: &Expect, wrong: &mut Wrong) {
    for name in &expect.every_state {
        let mechanism = service.state().laws.newest(name).cloned().expect("a mechanism");
        let records = records(service, name);
        let counts = mechanism.states.iter().map(|state| {
            (state.name.clone(), records.iter().filter(|record| record.state == state.name).count())
        });
        let counts: BTreeMap<String, usize> = counts.collect();
        wrong.unless(counts.values().all(|count| *count > 0), || format!("states of {name}: {counts:?}"));
    }
    for (name, steps) in &expect.steps {
        let records = records(service, name);
        for (step, least) in steps {
            let taken: u32 = records.iter().filter_map(|record| record.taken.get(step)).sum();
            wrong.unless(taken >= *least, || {
                format!("`{step}` of {name} was taken {taken} times, not {least}")
            });
        }
    }
}

fn lists(service: &Service, expect: &Expect, wrong: &mut Wrong) {
    let rows = |name: &str| -> Vec<_> {
        records(service, name).iter().map(|record| row_of(service, record)).collect()
    };
    for Records { of, least, most } in &expect.records {
        let count = rows(of).len();
        wrong.unless((*least..=*most).contains(&count), || format!("{count} records of {of}"));
    }
    for Share { of, between } in &expect.share_open {
        let rows = rows(of);
        let share = 100 * rows.iter().filter(|row| row.open).count() / rows.len().max(1);
        wrong.unless((between[0]..=between[1]).contains(&share), || format!("{share} % of {of} open"));
    }
    for Computed { of, fields } in &expect.computed {
        let records = records(service, of);
        wrong.unless(!records.is_empty(), || format!("no records of {of}"));
        for (record, (field, is)) in records.iter().flat_map(|r| fields.iter().map(move |f| (r, f))) {
            let found = record.fields.get(field).and_then(Value::int);
            wrong.unless(found == Some(*is), || format!("{field} of {} is {found:?}", record.number));
        }
    }
    for Kinds { of, count } in &expect.kinds {
        let found: BTreeSet<Option<String>> = rows(of).into_iter().map(|row| row.kind).collect();
        wrong.unless(found.len() == *count && !found.contains(&None), || format!("kinds of {of}: {found:?}"));
    }
    for Least { of, least } in &expect.late {
        let late = rows(of).iter().filter(|row| row.late).count();
        wrong.unless(late >= *least, || format!("{late} late of {of}"));
    }
    for AtPlace { of, place, least } in &expect.at_place {
        let here = rows(of).iter().filter(|row| row.path.iter().flatten().any(|code| code == place)).count();
        wrong.unless(here >= *least, || format!("{here} of {of} at {place}"));
    }
    for Again { of, place, kind, least } in &expect.again {
        let same = |row: &&gongzhi_kernel::project::Row| {
            row.kind.as_ref() == Some(kind) && row.path.iter().flatten().any(|code| code == place)
        };
        let again = rows(of).iter().filter(same).count();
        wrong.unless(again >= *least, || format!("{again} of kind {kind} at {place}"));
    }
    for Duplicates { of, place, reader } in &expect.duplicates {
        let mut rows = rows(of);
        rows.retain(|row| row.open && row.path.iter().flatten().any(|code| code == place));
        rows.sort_by_key(|row| row.opened);
        let actor = service.actor_of(reader);
        let found = rows.iter().rev().take(5).map(|row| {
            let point: Option<Point> = row.point;
            let likely = service.likely_duplicates(&actor, of, &row.title, place, point, Some(row.id));
            likely.expect("duplicates").len()
        });
        wrong.unless(found.max().unwrap_or(0) >= 1, || format!("no likely duplicates at {place}"));
    }
}

fn percent(service: &Service, of: &str, indicator: &str, key: &str) -> Option<f64> {
    let query = FigureQuery {
        mechanism: of.to_owned(),
        indicators: vec![indicator.to_owned()],
        dimension: Dimension::Place,
        keys: vec![key.to_owned()],
        within: None,
        months: ("0000-00".into(), "9999-99".into()),
    };
    let figures = service.figures(&query).expect("figures");
    let sum = |of: fn(&gongzhi_service::figures::Figure) -> i64| figures.iter().map(of).sum::<i64>() as f64;
    let below = sum(|figure| figure.denominator);
    (below > 0.0).then(|| 100.0 * sum(|figure| figure.numerator) / below)
}

fn figures(service: &Service, expect: &Expect, wrong: &mut Wrong) {
    let world = service.state().world.clone();
    for FigureWithin { of, indicator, between } in &expect.figure {
        let found = percent(service, of, indicator, &world.county).unwrap_or(0.0);
        wrong.unless((between[0]..=between[1]).contains(&found), || format!("{indicator} is {found:.1} %"));
    }
    for Counted { of, indicator, kind, unit, is, out_of } in &expect.counted {
        let (dimension, key) = match (kind, unit) {
            (Some(kind), _) => (Dimension::Kind, kind.clone()),
            (None, Some(unit)) => (Dimension::Unit, unit.clone()),
            (None, None) => (Dimension::Place, world.county.clone()),
        };
        let query = CellQuery {
            mechanism: of.clone(),
            indicators: vec![indicator.clone()],
            dimension,
            keys: vec![key.clone()],
            from: String::new(),
            to: String::new(),
        };
        let cells = service.ledger().cells(&query).expect("cells");
        let found = cells.first().map_or((0, 0), |cell| (cell.numerator, cell.denominator));
        wrong.unless(found == (*is, *out_of), || format!("{indicator} of {of}, {key}: {found:?}"));
    }
    for Spread { of, indicator, level, least } in &expect.spread {
        let level = Level::read(level).expect("a level");
        let places = world.places().filter(|place| place.level == level);
        let found: Vec<f64> =
            places.filter_map(|place| percent(service, of, indicator, &place.code)).collect();
        let most = found.iter().copied().fold(f64::MIN, f64::max);
        let spread = most - found.iter().copied().fold(f64::MAX, f64::min);
        wrong.unless(spread >= *least, || format!("{indicator} differs by {spread:.1}: {found:?}"));
    }
}

fn people(service: &Service, expect: &Expect, wrong: &mut Wrong) {
    for Inbox { login, least, late } in &expect.inbox {
        let found = service.inbox_count(&service.actor_of(login)).expect("an inbox");
        wrong.unless(found.0 >= *least && found.1 >= *late, || format!("inbox of {login}: {found:?}"));
    }
    for Reads { login, least } in &expect.reads {
        let query = ListQuery { limit: *least as u32, ..ListQuery::default() };
        let rows = service.list(&service.actor_of(login), query).expect("a list").rows.len();
        wrong.unless(rows >= *least, || format!("{login} reads {rows}"));
    }
}

fn looks(service: &Service) -> usize {
    let (mut from, mut looks) = (0, 0);
    loop {
        let entries = service.ledger().entries(from, 1_000).expect("entries");
        let Some(last) = entries.last() else { return looks };
        from = last.header.seq + 1;
        let events = entries.iter().map(|entry| Event::from_bytes(&entry.body).expect("an event"));
        looks += events.filter(|event| matches!(event.deed, Deed::Look { .. })).count();
    }
}

#[test]
fn the_ledger_verifies_and_every_figure_equals_its_recount() {
    let expect = expect();
    let past = expect.past.first().expect("a past");
    // With some more of the same on top.
    let Played { service, .. } = &played(Timestamp::read(&past.until).expect("a time"), (past.seed, 60));
    let head = gongzhi_store::verify(service.ledger(), &mut |_| {}).expect("a whole ledger");
    assert!(head.size > 4_000, "{} entries", head.size);
    let (kept, counted) = (kept_cells(service), recount(service));
    assert!(kept.len() > 1_000, "{} cells", kept.len());
    assert_eq!(kept, counted);
}

#[test]
fn the_same_seed_plays_the_same_past() {
    let expect = expect();
    let past = expect.past.first().expect("a past");
    let (a, b) = (past.play(), past.play());
    assert_eq!(a.summary, b.summary);
    let head = |played: &Played| played.service.ledger().head().expect("a head");
    assert_eq!(head(&a), head(&b));
}
