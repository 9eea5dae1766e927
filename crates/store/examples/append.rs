//! How many commands a second the ledger takes: the write path alone, without decisions and HTTP.
//!
//! `append GROUP MATTERS [FILE]`: plays MATTERS lifecycles of five commands (report, assign, accept,
//! answer, rate) with GROUP commands to a transaction, as GROUP clients at once would give them, and
//! then asks for the usual pages. FILE may be an existing ledger, to measure on top of it.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use gongzhi_base::words::query_terms;
use gongzhi_base::{Digest, Timestamp};
use gongzhi_kernel::chain::Head;
use gongzhi_lang::model::{Dimension, Level};
use gongzhi_store::conformance::fixture::{
    COUNTY, DAY, Dice, MATTER, START, cell, command, event, id, record, with_scopes, with_text,
};
use gongzhi_store::sqlite::Sqlite;
use gongzhi_store::{
    Answer, Batch, CellQuery, Ledger, ListQuery, Order, Scope, ScopePart, Stored, Want, Within,
};

/// Commands of one lifecycle.
const STEPS: usize = 5;
/// Phrases of which a report is made.
const PHRASES: [&str; 12] = [
    "从昨天晚上开始停水",
    "路灯不亮已经三天",
    "垃圾堆在门口没人清运",
    "邻居装修噪声扰民",
    "下水道堵塞污水外溢",
    "公交车站牌损坏",
    "村口道路坑洼积水",
    "电动车乱停乱放",
    "暖气不热室温很低",
    "老人办理证件不方便",
    "树枝压住电线",
    "小区大门坏了",
];

/// Codes as long as those of real places, in the county of the cases.
fn town_code(town: u64) -> String {
    village_code(town, 0)
}

fn village_code(town: u64, village: u64) -> String {
    format!("{COUNTY}1{town:02}{village:03}")
}

struct Client {
    stored: Stored,
    number: u64,
    step: usize,
}

/// The state of a matter after its next step, with the change of cells.
fn advance(
    client: &mut Client,
    dice: &mut Dice,
    cells: &mut BTreeMap<gongzhi_kernel::project::CellKey, (i64, i64)>,
) {
    let step = client.step;
    let stored = &mut client.stored;
    let row = &mut stored.projection.row;
    row.revision = step as u64 + 1;
    row.changed = Timestamp(row.opened.0 + step as i64 * DAY);
    row.state = ["received", "assigned", "working", "answered", "closed"][step].into();
    row.open = step < STEPS - 1;
    let due = row.open.then(|| Timestamp(row.changed.0 + [1, 2, 7, 7, 0][step] * DAY));
    row.due = due;
    if step == 1 {
        row.unit = Some(format!("unit{}", dice.below(40)));
    }
    let unit = row.unit.clone().unwrap_or_default();
    let (town, village) = (row.path[1].clone().unwrap_or_default(), row.path[2].clone().unwrap_or_default());
    stored.projection.todo = match step {
        0 => vec!["clerk@c1".into(), "dispatcher@c1".into()],
        1 | 2 => vec![format!("handler@{unit}"), format!("lead@{unit}")],
        3 => vec!["dispatcher@c1".into()],
        _ => Vec::new(),
    };
    stored.projection.timers = due.map(|due| ("reply".to_owned(), due)).into_iter().collect();
    stored.snapshot = vec![b'x'; 500 + 180 * step];
    for slot in stored.snapshot.iter_mut().step_by(7) {
        *slot = dice.roll() as u8;
    }
    let month = row.month.clone();
    let kind = row.kind.clone().unwrap_or_default();
    let kind_top = row.kind_top.clone().unwrap_or_default();
    let mut add = |indicator: &str, change: (i64, i64)| {
        for place in ["c1", &town, &village] {
            let total = cells.entry(cell(indicator, Dimension::Place, place, &month)).or_default();
            *total = (total.0 + change.0, total.1 + change.1);
        }
        for kind in [&kind, &kind_top] {
            let total = cells.entry(cell(indicator, Dimension::Kind, kind, &month)).or_default();
            *total = (total.0 + change.0, total.1 + change.1);
        }
        if !unit.is_empty() {
            let total = cells.entry(cell(indicator, Dimension::Unit, &unit, &month)).or_default();
            *total = (total.0 + change.0, total.1 + change.1);
        }
    };
    match step {
        0 => (add("opened", (1, 0)), add("open", (1, 0))),
        1 => (add("response", (0, 1)), add("assigned", (1, 0))),
        2 => (add("response", (1, 0)), add("solved", (0, 1))),
        3 => (add("solved", (1, 0)), add("satisfied", (0, 1))),
        _ => (add("satisfied", (1, 0)), add("open", (-1, 0))),
    };
    stored.text_changed = step == 0 || step == 3;
    if step == 3 {
        let text = format!("{} 已经派人到现场处理完毕并向群众回访说明", PHRASES[dice.below(12) as usize]);
        let old = std::mem::take(&mut stored.projection.text);
        stored.projection.text = format!("{old} {}", gongzhi_base::words::index_tokens(&text));
    }
    let whole = std::mem::replace(stored, record(0));
    *stored = with_scopes(whole);
}

fn begin(number: u64, dice: &mut Dice) -> Client {
    let text = format!(
        "2026-{number:06} 村民反映{}，{}，请尽快派人处理 {}",
        PHRASES[dice.below(12) as usize],
        PHRASES[dice.below(12) as usize],
        number
    );
    let mut stored = with_text(record(number), &text);
    let row = &mut stored.projection.row;
    let town = dice.below(12);
    row.path[1] = Some(town_code(town));
    row.path[2] = Some(village_code(town, dice.below(17)));
    row.kind_top = Some(format!("{:02}", dice.below(12)));
    row.kind = row.kind_top.as_ref().map(|top| format!("{top}{:02}{:02}", dice.below(6), dice.below(4)));
    row.opened = Timestamp(START + number as i64 * 300_000);
    row.month = gongzhi_base::Zone::CHINA.month(row.opened);
    stored.receipt = Some(Digest::of(&number.to_be_bytes()));
    Client { stored, number, step: 0 }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let number = |at: usize, default: usize| args.get(at).and_then(|arg| arg.parse().ok()).unwrap_or(default);
    let (group, matters) = (number(1, 60), number(2, 20_000) as u64);
    let dir = std::env::temp_dir().join(format!("gongzhi-append-{}", std::process::id()));
    let file = args.get(3).map_or_else(|| dir.join("ledger.sqlite"), std::path::PathBuf::from);
    let ledger = Sqlite::open(&file, COUNTY).expect("the ledger opens");
    let mut head = ledger.head().expect("a head");
    let first = head.size;
    let mut dice = Dice(first + 1);
    let mut next = first;
    let mut clients: Vec<Client> = Vec::new();
    let mut waits: Vec<Duration> = Vec::new();
    let (mut loading, mut committing) = (Duration::ZERO, Duration::ZERO);
    let (mut given, mut shown) = (0u64, 0u64);
    let start = Instant::now();
    let mut mark = start;
    while next < first + matters || !clients.is_empty() {
        while clients.len() < group && next < first + matters {
            clients.push(begin(next, &mut dice));
            next += 1;
        }
        let (batch, end) = group_of(&mut clients, &mut dice, head, given + first * 10);
        given += batch.entries.len() as u64;
        let want = Want {
            records: batch.records.iter().map(|stored| stored.projection.row.id).collect(),
            commands: batch.answers.iter().map(|answer| answer.command.clone()).collect(),
        };
        let before = Instant::now();
        ledger.load(&want).expect("loaded");
        let loaded = Instant::now();
        ledger.commit(head, &batch).expect("committed");
        loading += loaded - before;
        committing += loaded.elapsed();
        waits.push(before.elapsed());
        head = end;
        // One matter in a hundred stays where it is at every step, so that some 4 % are open.
        clients.retain(|client| client.step < STEPS && !dice.once_in(100));
        if given - shown >= 100_000 {
            println!(
                "  {given} commands, {:.0}/s in the last {}",
                (given - shown) as f64 / mark.elapsed().as_secs_f64(),
                given - shown
            );
            (shown, mark) = (given, Instant::now());
        }
    }
    let took = start.elapsed();
    waits.sort();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
    println!(
        "groups of {group}: {given} commands in {took:.1?} = {:.0} commands/s ({:.0} in the store alone); load {loading:.1?}, commit {committing:.1?}",
        given as f64 / took.as_secs_f64(),
        given as f64 / (loading + committing).as_secs_f64(),
    );
    println!("a group: p50 {:.1?}, p95 {:.1?}, p99 {:.1?}, max {:.1?}", at(0.5), at(0.95), at(0.99), at(1.0));
    ask(&ledger);
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        status
            .lines()
            .filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"))
            .for_each(|line| println!("{line}"));
    }
    let log = file.with_extension("sqlite-wal");
    let size = |path: &std::path::Path| std::fs::metadata(path).map_or(0, |meta| meta.len()) / 1_000_000;
    println!("file {} MB, log {} MB", size(&file), size(&log));
    drop(ledger);
    if args.len() < 4 {
        std::fs::remove_dir_all(&dir).expect("removed");
    }
}

/// The next command of every client.
fn group_of(clients: &mut [Client], dice: &mut Dice, mut head: Head, commands: u64) -> (Batch, Head) {
    let mut batch = Batch::default();
    let mut cells = BTreeMap::new();
    for (at, client) in clients.iter_mut().enumerate() {
        advance(client, dice, &mut cells);
        let row = &client.stored.projection.row;
        let mut event = event(row);
        event.record = id(client.number);
        if let gongzhi_kernel::event::Deed::Look { fields, purpose } = &mut event.deed {
            fields.extend((0..12).map(|n| format!("field number {n} of the step")));
            purpose.push_str(PHRASES[client.step]);
        }
        let (entry, next) = head.append(COUNTY, &event, [client.step as u8; 16]);
        let number = commands + at as u64;
        batch.answers.push(Answer {
            command: command(number),
            digest: Digest::of(&number.to_be_bytes()),
            record: row.id,
            revision: row.revision,
            seq: head.size,
        });
        batch.entries.push(entry);
        batch.records.push(client.stored.clone());
        client.stored.text_changed = false;
        client.step += 1;
        head = next;
    }
    batch.cells = cells.into_iter().collect();
    (batch, head)
}

/// The pages that people open, each several times.
fn ask(ledger: &dyn Ledger) {
    let time = |name: &str, question: &dyn Fn() -> usize| {
        let mut times: Vec<Duration> = (0..200)
            .map(|_| {
                let before = Instant::now();
                question();
                before.elapsed()
            })
            .collect();
        times.sort();
        println!("{name:<34} {:>5} rows  p50 {:>9.1?}  p99 {:>9.1?}", question(), times[100], times[198]);
    };
    let matter = ListQuery { scope: Scope::All, mechanism: Some(MATTER.into()), ..ListQuery::default() };
    let town = Some((Level::Township, town_code(3)));
    let village =
        ScopePart { mechanism: MATTER.into(), within: Within::Place(Level::Village, village_code(3, 3)) };
    let list = |query: &ListQuery| ledger.list(query).expect("a list").rows.len();
    let keys = ["dispatcher@c1".to_owned(), "handler@unit3".to_owned()];
    time("inbox", &|| ledger.todo(&keys, None, 50).expect("an inbox").rows.len());
    time("inbox count", &|| ledger.todo_count(&keys).expect("a count").0 as usize);
    time("open by due", &|| list(&ListQuery { open: Some(true), order: Order::Due, ..matter.clone() }));
    time("newest of the county", &|| list(&matter));
    time("town and month", &|| {
        list(&ListQuery { place: town.clone(), month: Some("2026-02".into()), ..matter.clone() })
    });
    time("a village's newest", &|| {
        list(&ListQuery { scope: Scope::Any(vec![village.clone()]), ..matter.clone() })
    });
    let unit = ScopePart { mechanism: MATTER.into(), within: Within::Unit("unit3".into()) };
    let of_unit = Scope::Any(vec![unit]);
    time("a unit's newest", &|| list(&ListQuery { scope: of_unit.clone(), ..matter.clone() }));
    time("a unit's open by due", &|| {
        list(&ListQuery { scope: of_unit.clone(), open: Some(true), order: Order::Due, ..matter.clone() })
    });
    time("kind of the third level", &|| list(&ListQuery { kind: Some("030201".into()), ..matter.clone() }));
    let cells = CellQuery {
        mechanism: MATTER.into(),
        indicators: vec!["response".into(), "solved".into(), "satisfied".into()],
        dimension: Dimension::Place,
        keys: (0..12).map(town_code).collect(),
        from: "2026-01".into(),
        to: "2026-12".into(),
    };
    time("three rates, 12 towns, 12 months", &|| ledger.cells(&cells).expect("cells").len());
    let scope = Scope::Any(vec![village]);
    for text in ["停水", "水", "2026-000100", "road", "停水 路灯"] {
        let terms = query_terms(text);
        time(&format!("search {text}"), &|| ledger.search(&Scope::All, &terms, 50).expect("found").len());
        time(&format!("search {text} in a village"), &|| {
            ledger.search(&scope, &terms, 50).expect("found").len()
        });
    }
}
