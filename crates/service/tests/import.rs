//! A programme from a sheet: every fault told by row and column, all or nothing, and nothing twice.

mod fixture;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fixture::{County, county};
use gongzhi_base::{Digest, RecordId, Timestamp, Value};
use gongzhi_kernel::{Actor, Fault, FieldFault, Order, Raw, Refusal};
use gongzhi_service::ambient::Scripted;
use gongzhi_service::import::{Alike, Applied, Becomes, ImportFailure, Plan, RowFault, What};
use gongzhi_store::ListQuery;

const HEADINGS: &str = "目标,任务,牵头专班,措施,责任单位,配合单位,目标数,计量单位,完成期限\n";

fn planner(county: &County) -> Actor {
    county.service.actor_of("planner")
}

fn programme(county: &County) -> RecordId {
    let id = county.service.new_record_id();
    let input = [("title", "年度任务书"), ("basis", "县委文件")];
    let input = input.map(|(name, value)| (name.to_owned(), Raw::Text(value.to_owned()))).into();
    let order = Order::Open { mechanism: "programme".into(), step: "open".into(), id, input };
    county.send("open-the-programme", planner(county), order).expect("drawn up").record
}

fn upload(county: &County, root: RecordId, rows: &str) -> Digest {
    let bytes = format!("{HEADINGS}{rows}");
    county.service.keep_upload(&planner(county), Some(root), bytes.as_bytes(), None).expect("kept")
}

fn plan(county: &County, root: RecordId, token: Digest) -> Plan {
    county.service.import_plan(&planner(county), Some(root), "measure", token, &|_, _| {}).expect("a plan")
}

fn apply(county: &County, root: RecordId, token: Digest, mark: Digest) -> Result<Applied, ImportFailure> {
    county.service.import_apply(&planner(county), Some(root), "measure", token, mark, &|_, _| {})
}

/// How many records there are, by mechanism.
fn counts(county: &County) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for name in ["goal", "task", "measure"] {
        let query = ListQuery { mechanism: Some(name.into()), limit: 1_000, ..ListQuery::default() };
        let page = county.service.list(&planner(county), query).expect("a list");
        counts.insert(name.to_owned(), page.rows.len());
    }
    counts
}

fn of(goals: usize, tasks: usize, measures: usize) -> BTreeMap<String, usize> {
    [("goal", goals), ("task", tasks), ("measure", measures)].map(|(name, n)| (name.to_owned(), n)).into()
}

const GOOD: &str = "建强组织体系,规范化建设,f3,整顿软弱涣散村党组织,民政局,,６,个,2027年3月1日\n\
    ,,,活动场所补短板,zjj,民政局、zzzx,24,处,2027/6/30\n\
    ,示范点建设,作风建设专班,建成示范点,民政局,,46,处,2027-06-30\n\
    办好群众的事,热线办理,f1,热线按期办结,zzzx,,100,件,2027-12-31\n";

fn good(county: &County) -> String {
    // The unit's name as the register has it.
    let state = county.service.state();
    let name = state.world.unit("mzj").expect("a unit").words.zh.clone();
    GOOD.replace("民政局", &name)
}

#[test]
fn a_sheet_becomes_goals_tasks_and_measures_at_once() {
    let county = county();
    let root = programme(&county);
    let token = upload(&county, root, &good(&county));
    let shown = plan(&county, root, token);
    assert_eq!((shown.faults.as_slice(), shown.counts()), (&[][..], [9, 0, 0]));
    assert_eq!(counts(&county), of(0, 0, 0), "showing writes nothing");
    let before = county.service.ledger().head().expect("a head").size;
    apply(&county, root, token, shown.mark).expect("carried out");
    assert_eq!(counts(&county), of(2, 3, 4));
    let after = county.service.ledger().head().expect("a head").size;
    assert!(after > before);

    let view = county.service.view(&planner(&county), root).expect("readable");
    let number = |name: &str| view.record.fields.get(name).cloned();
    assert_eq!(
        [number("goals"), number("tasks"), number("measures")],
        [2, 3, 4].map(|n| Some(Value::Int(n)))
    );
    let days: Vec<String> = shown
        .entries
        .iter()
        .filter(|entry| entry.level == 2)
        .map(|entry| {
            let view = county.service.view(&planner(&county), entry.record).expect("readable");
            match view.record.fields.get("due_on") {
                Some(Value::Date(day)) => day.to_string(),
                other => format!("{other:?}"),
            }
        })
        .collect();
    assert_eq!(days, ["2027-03-01", "2027-06-30", "2027-06-30", "2027-12-31"]);

    // Sent again, by whoever did not see the answer.
    apply(&county, root, token, shown.mark).expect_err("the plan is another one now");
    let again = plan(&county, root, token);
    assert_eq!(again.counts(), [0, 0, 9]);
    apply(&county, root, token, again.mark).expect("nothing to do");
    assert_eq!(county.service.ledger().head().expect("a head").size, after);
}

#[test]
fn imported_again_it_changes_what_changed_and_doubles_nothing() {
    let county = county();
    let root = programme(&county);
    let rows = good(&county);
    let token = upload(&county, root, &rows);
    let mark = plan(&county, root, token).mark;
    apply(&county, root, token, mark).expect("carried out");

    let changed = rows.replace(",６,", ",8,").replace(&mzj_list(&county), "zzzx");
    let changed = format!("{changed},,,又一条措施,zzzx,,1,项,2027-12-31\n");
    let token = upload(&county, root, &changed);
    let shown = plan(&county, root, token);
    assert_eq!((shown.faults.as_slice(), shown.counts()), (&[][..], [1, 2, 7]));
    let target = shown.entries.iter().find_map(|entry| match &entry.becomes {
        Becomes::Changed(changes) => changes.iter().find(|(name, ..)| name == "target").cloned(),
        _ => None,
    });
    assert_eq!(target, Some(("target".into(), Some(Value::Int(6)), Some(Value::Int(8)))));
    apply(&county, root, token, shown.mark).expect("carried out");
    assert_eq!(counts(&county), of(2, 3, 5));

    // The first sheet again: it changes back, although it was carried out before.
    let token = upload(&county, root, &rows);
    let shown = plan(&county, root, token);
    assert_eq!(shown.counts(), [0, 2, 7]);
    apply(&county, root, token, shown.mark).expect("carried out");
    assert_eq!(plan(&county, root, upload(&county, root, &rows)).counts(), [0, 0, 9]);
}

/// The list of units in the second row.
fn mzj_list(county: &County) -> String {
    let state = county.service.state();
    format!("{}、zzzx", state.world.unit("mzj").expect("a unit").words.zh)
}

#[test]
fn every_fault_is_told_by_row_and_column_and_nothing_is_written() {
    let county = county();
    let root = programme(&county);
    let rows = "甲组,任务,f3,措施一,没有这个局,,六,个,明年\n\
        甲组,任务,f1,措施二,zzzx,,0,个,46568\n\
        甲组,任务,f3,措施一一,zzzx,,1,个,2027-12-31\n\
        甲组,任务,f3,措施一一,zzzx,,1,个,2027-12-31\n\
        乙组,,,措施三,zzzx,,1,,2027-12-31\n";
    let token = upload(&county, root, rows);
    let shown = plan(&county, root, token);
    let told: Vec<(u32, &str, &What)> = shown
        .faults
        .iter()
        .map(|fault| (fault.row, fault.column.as_ref().map_or("", |(letters, _)| letters), &fault.what))
        .collect();
    let field = |field: &str, fault| What::Field(FieldFault { field: field.into(), fault });
    let expected = [
        (2, "E", field("owner", Fault::NoUnit("没有这个局".into()))),
        (2, "G", field("target", Fault::NotNumber)),
        (2, "I", field("due_on", Fault::NotDate)),
        (3, "C", What::Disagrees(2)),
        (3, "G", field("target", Fault::TooShort(1))),
        (3, "I", field("due_on", Fault::NotDate)),
        (5, "D", What::Twice(4)),
        (6, "B", field("title", Fault::Missing)),
        (6, "C", field("force", Fault::Missing)),
        (6, "H", field("target_unit", Fault::Missing)),
    ];
    let expected: Vec<(u32, &str, &What)> =
        expected.iter().map(|(row, at, what)| (*row, *at, what)).collect();
    assert_eq!(told, expected);
    let refused = apply(&county, root, token, shown.mark).expect_err("with faults nothing is imported");
    assert!(matches!(refused, ImportFailure::Otherwise(_)), "{refused:?}");
    assert_eq!(counts(&county), of(0, 0, 0));
}

#[test]
fn a_fault_in_the_last_of_a_thousand_rows_keeps_all_out() {
    let county = county();
    let root = programme(&county);
    let mut rows = String::from("甲组,任务,f3,措施0,zzzx,,1,个,2027-12-31\n");
    for n in 1..1_000 {
        rows.push_str(&format!(",,,措施{n},zzzx,,1,个,2027-12-31\n"));
    }
    let bad = format!("{rows},,,最后,zzzx,,1,个,2027-02-30\n");
    let token = upload(&county, root, &bad);
    let shown = plan(&county, root, token);
    assert_eq!(shown.faults.len(), 1);
    assert_eq!(shown.faults[0].row, 1_002);
    let head = county.service.ledger().head().expect("a head").size;
    apply(&county, root, token, shown.mark).expect_err("nothing is imported");
    assert_eq!(county.service.ledger().head().expect("a head").size, head);
    assert_eq!(counts(&county), of(0, 0, 0));
}

#[test]
fn a_command_refused_at_the_end_takes_back_those_before_it() {
    let county = county();
    let root = programme(&county);
    let open = |n: usize, title: &str| {
        let input = [("parent", root.to_string()), ("title", title.to_owned())];
        let input = input.map(|(name, value)| (name.to_owned(), Raw::Text(value))).into();
        let id = county.service.new_record_id();
        gongzhi_kernel::Command {
            id: gongzhi_base::CommandId::new(&format!("together-{n}")).expect("an identifier"),
            actor: planner(&county),
            at: county.service.now(),
            order: Order::Open { mechanism: "goal".into(), step: "set".into(), id, input },
        }
    };
    let mut commands: Vec<_> = (0..20).map(|n| open(n, "目标")).collect();
    commands.push(open(20, ""));
    let head = county.service.ledger().head().expect("a head");
    let halted = county.service.engine().together(commands.clone(), Vec::new()).expect_err("refused");
    assert_eq!(halted.0, Some(20));
    assert_eq!(county.service.ledger().head().expect("a head"), head);
    assert_eq!(counts(&county), of(0, 0, 0));

    commands.pop();
    let stale = county.service.engine().together(commands.clone(), vec![(root, 99)]).expect_err("moved on");
    assert!(matches!(stale, (None, gongzhi_service::Failure::Refused(Refusal::Stale { .. }))), "{stale:?}");
    let done = county.service.engine().together(commands.clone(), Vec::new()).expect("carried out");
    assert!(done.iter().all(|outcome| !outcome.again));
    assert_eq!(counts(&county), of(20, 0, 0));
    let again = county.service.engine().together(commands, vec![(root, 99)]).expect("answered again");
    assert!(again.iter().all(|outcome| outcome.again));
    assert_eq!(counts(&county), of(20, 0, 0));
}

#[test]
fn once_issued_a_change_needs_its_reason_and_what_is_withdrawn_is_refused_with_its_row() {
    let county = county();
    let root = programme(&county);
    let rows = good(&county);
    let token = upload(&county, root, &rows);
    let shown = plan(&county, root, token);
    apply(&county, root, token, shown.mark).expect("carried out");
    let level = |level| shown.entries.iter().find(|entry| entry.level == level).expect("a record").record;
    let (task, measure) = (level(1), level(2));
    county.step("planner", measure, "issue", &[]).expect("issued");

    let changed = rows.replace(",６,", ",8,").replace("规范化建设,f3", "规范化建设,f4");
    let bare = plan(&county, root, upload(&county, root, &changed));
    let missing = |fault: &RowFault| match &fault.what {
        What::Field(FieldFault { field, fault: Fault::Missing }) => field == "ground" && fault.row == 2,
        _ => false,
    };
    assert!(bare.faults.len() == 2 && bare.faults.iter().all(missing), "{:?}", bare.faults);

    // With the two columns that only a change asks; in rows that did not change they say nothing.
    let (first, rest) = changed.split_once('\n').expect("rows");
    let rest: Vec<String> = rest.lines().map(|line| format!("{line},,并无变化")).collect();
    let heading = format!("{},任务变更理由,变更理由", HEADINGS.trim_end());
    let text = format!("{heading}\n{first},分工调整,县委会议调整\n{}\n", rest.join("\n"));
    let keep = |text: &str| {
        county.service.keep_upload(&planner(&county), Some(root), text.as_bytes(), None).expect("kept")
    };
    let token = keep(&text);
    let shown = plan(&county, root, token);
    assert_eq!((shown.faults.as_slice(), shown.counts()), (&[][..], [0, 2, 7]));
    apply(&county, root, token, shown.mark).expect("carried out");
    let value = |id, name: &str| {
        county.service.view(&planner(&county), id).expect("readable").record.fields.get(name).cloned()
    };
    let text_of = |text: &str| Some(Value::Text(text.into()));
    assert_eq!([value(task, "force"), value(task, "ground")], [text_of("f4"), text_of("分工调整")]);
    assert_eq!(
        [value(measure, "target"), value(measure, "ground")],
        [Some(Value::Int(8)), text_of("县委会议调整")]
    );
    assert_eq!(value(measure, "force"), text_of("f4"), "it follows its task");
    assert_eq!(plan(&county, root, keep(&text)).counts(), [0, 0, 9]);

    county.step("planner", measure, "withdraw", &[("ground", "误录")]).expect("withdrawn");
    let shown = plan(&county, root, keep(&text.replace(",8,", ",9,")));
    assert!(matches!(shown.faults[0].what, What::Refused(Refusal::WrongState { .. })), "{:?}", shown.faults);
    assert_eq!((shown.faults.len(), shown.faults[0].row), (1, 2));
    assert_eq!(value(root, "measures"), Some(Value::Int(3)));
}

#[test]
fn a_row_moves_its_measure_to_another_task_that_is_there() {
    let county = county();
    let root = programme(&county);
    let token = upload(&county, root, &good(&county));
    let shown = plan(&county, root, token);
    apply(&county, root, token, shown.mark).expect("carried out");
    let view = |id| county.service.view(&planner(&county), id).expect("readable");
    let named = |title: &str| {
        let entry = shown.entries.iter().find(|entry| entry.title == title).expect("a record");
        (entry.record, view(entry.record).record.number)
    };
    let (measure, number) = named("活动场所补短板");
    let ((from, _), (to, _)) = (named("规范化建设"), named("示范点建设"));
    county.step("planner", measure, "issue", &[]).expect("issued");
    let numbered = |rows: &str| {
        let text = format!("措施编号,{},变更理由\n{rows}", HEADINGS.trim_end());
        county.service.keep_upload(&planner(&county), Some(root), text.as_bytes(), None).expect("kept")
    };
    let row = |task: &str, force: &str| {
        format!(
            "{number},建强组织体系,{task},{force},活动场所补短板,zjj,{},24,处,2027/6/30,分工调整\n",
            mzj_list(&county)
        )
    };

    // No task is called so, beside a row that says what its own is called: nothing is imported.
    let stays = format!(
        "{},建强组织体系,规范化建设,f3,整顿软弱涣散村党组织,mzj,,6,个,2027-03-01,\n",
        named("整顿软弱涣散村党组织").1
    );
    let nowhere = plan(&county, root, numbered(&format!("{stays}{}", row("没有的任务", "f3"))));
    let told: Vec<(u32, &What)> = nowhere.faults.iter().map(|fault| (fault.row, &fault.what)).collect();
    assert_eq!(told, [(3, &What::NoTarget)]);
    let other_goal = row("没有的任务", "f3").replace("建强组织体系", "办好群众的事");
    let nowhere = plan(&county, root, numbered(&other_goal));
    assert_eq!(nowhere.faults.iter().map(|fault| &fault.what).collect::<Vec<_>>(), [&What::NoTarget]);
    // Another measure there is called so.
    let taken = row("示范点建设", "f2").replace("活动场所补短板", "建成示范点");
    let taken = plan(&county, root, numbered(&taken));
    assert_eq!(
        taken.faults.iter().map(|fault| &fault.what).collect::<Vec<_>>(),
        [&What::Named(named("建成示范点").1)]
    );

    let token = numbered(&format!("{stays}{}", row("示范点建设", "f2")));
    let moving = plan(&county, root, token);
    assert_eq!((moving.faults.as_slice(), moving.counts()[..2].to_vec()), (&[][..], vec![0, 1]));
    let entry = moving.entries.iter().find(|entry| entry.record == measure).expect("it");
    let told = entry.moved.clone().expect("moved");
    assert!(told.0.ends_with("规范化建设") && told.1.ends_with("示范点建设"), "{told:?}");
    apply(&county, root, token, moving.mark).expect("carried out");

    let after = view(measure);
    assert_eq!((after.record.parent, after.record.number.as_str()), (Some(to), number.as_str()));
    assert_eq!(after.record.fields.get("force"), Some(&Value::Text("f2".into())), "it follows its task");
    let measures = |id| view(id).record.fields.get("measures").cloned();
    assert_eq!([from, to, root].map(measures), [1, 2, 4].map(|n| Some(Value::Int(n))));
    assert!(view(from).told.iter().any(|row| row.id == measure), "the task that it left tells of it");
    let found = gongzhi_service::recount::recount(
        county.service.ledger(),
        None,
        county.service.now(),
        &mut |_, _| {},
    );
    assert_eq!(found.expect("counted").differences, []);
    // No number is given twice, neither where it was nor where it went.
    let more = |id: RecordId, title: &str| {
        let due = ("due_on", "2027-12-31");
        let fields = [("title", title), ("owner", "zjj"), ("target", "1"), ("target_unit", "项"), due];
        let mut input: gongzhi_kernel::command::Input =
            fields.map(|(name, value)| (name.to_owned(), Raw::Text(value.to_owned()))).into();
        input.insert("parent".into(), Raw::Text(id.to_string()));
        let new = county.service.new_record_id();
        let order = Order::Open { mechanism: "measure".into(), step: "draft".into(), id: new, input };
        county.send(title, planner(&county), order).expect("drafted");
        view(new).record.number
    };
    let numbers = [more(from, "another-here"), more(to, "another-there")];
    let all: Vec<String> =
        shown.entries.iter().map(|entry| view(entry.record).record.number).chain(numbers).collect();
    let mut once = all.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), all.len(), "{all:?}");
    // The same sheet again changes nothing.
    assert_eq!(plan(&county, root, token).counts()[..2], [0, 0]);

    // Without its number it would be a new one where it stood before: what may be meant is told, with where it stands.
    let row = |task: &str, title: &str| format!("建强组织体系,{task},f3,{title},zjj,,24,处,2027/6/30\n");
    let told = |rows: &str| {
        let entries = plan(&county, root, upload(&county, root, rows)).entries;
        entries.into_iter().map(|entry| entry.alike).collect::<Vec<_>>()
    };
    let there = format!("{} 示范点建设", view(to).record.number);
    let alike =
        Alike { number: number.clone(), title: "活动场所补短板".into(), elsewhere: Some(there) };
    let once = row("规范化建设", "活动场所补短板");
    assert_eq!(told(&once), [None, None, Some(alike.clone())]);
    // Under a task that is new too; not where the sheet speaks of it as well, and not of what is called otherwise.
    assert_eq!(told(&row("新的任务", "活动场所补短板")).last(), Some(&Some(alike)));
    let both = format!("{once}建强组织体系,示范点建设,f2,活动场所补短板,zjj,mzj,24,处,2027/6/30\n");
    assert!(told(&both).iter().all(Option::is_none));
    assert!(told(&row("规范化建设", "活动场所要开放")).iter().all(Option::is_none));
}

#[test]
fn only_who_may_open_all_of_it_may_import_and_nobody_finds_another_s_upload() {
    let county = county();
    let root = programme(&county);
    let token = upload(&county, root, &good(&county));
    let supervisor = county.service.actor_of("supervise");
    let refused = county
        .service
        .import_plan(&supervisor, Some(root), "measure", token, &|_, _| {})
        .expect_err("no right");
    assert!(
        matches!(refused, ImportFailure::Failure(gongzhi_service::Failure::Refused(Refusal::NoRight { .. }))),
        "{refused:?}"
    );
    let other = county.service.actor_of("planner2");
    let gone =
        county.service.import_plan(&other, Some(root), "measure", token, &|_, _| {}).expect_err("not his");
    assert!(matches!(gone, ImportFailure::Gone), "{gone:?}");
}

/// Rows of the sheet that is cut off.
const MANY: usize = 300;

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for file in std::fs::read_dir(from).expect("a directory").flatten() {
        let target = to.join(file.file_name());
        match file.path().is_dir() {
            true => copy(&file.path(), &target),
            false => drop(std::fs::copy(file.path(), target).expect("copied")),
        }
    }
}

fn clock() -> Arc<Scripted> {
    Arc::new(Scripted::new(Timestamp::read("2026-11-02T02:00:00Z").expect("a time"), 7))
}

/// The measures in a county's directory, opened anew.
fn measures(dir: &Path) -> usize {
    let service = fixture::open(dir, &clock());
    let query = ListQuery { mechanism: Some("measure".into()), limit: 1_000, ..ListQuery::default() };
    let page = service.list(&service.actor_of("planner"), query).expect("a list");
    service.close();
    page.rows.len()
}

/// The other half of the test below: carries out an import until it is killed.
#[test]
#[ignore = "a process of its own, begun by `killed_in_the_middle_it_is_there_whole_or_not_at_all`"]
fn carried_out_until_killed() {
    let Some(dir) = std::env::var_os("GONGZHI_IMPORT") else { return };
    let told = std::fs::read_to_string(Path::new(&dir).join("what")).expect("what to do");
    let (root, token) = told.split_once(' ').expect("record and upload");
    let (root, token) = (root.parse().expect("a record"), token.parse().expect("an upload"));
    let service = fixture::open(Path::new(&dir), &clock());
    let actor = service.actor_of("planner");
    let mark = service.import_plan(&actor, Some(root), "measure", token, &|_, _| {}).expect("a plan").mark;
    std::fs::write(Path::new(&dir).join("begun"), "").expect("told");
    service.import_apply(&actor, Some(root), "measure", token, mark, &|_, _| {}).expect("carried out");
    service.close();
}

#[test]
fn killed_in_the_middle_it_is_there_whole_or_not_at_all() {
    let county = county();
    let root = programme(&county);
    let mut rows = String::from("甲组,任务,f3,措施0,zzzx,,1,个,2027-12-31\n");
    (1..MANY).for_each(|n| rows.push_str(&format!(",,,措施{n},zzzx,,1,个,2027-12-31\n")));
    let token = upload(&county, root, &rows);
    let County { service, _dir: dir, .. } = county;
    service.close();
    std::fs::write(dir.path().join("what"), format!("{root} {token}")).expect("written");

    let rounds = tempfile::tempdir().expect("a directory");
    let mut seen = Vec::new();
    // At different moments of reading, deciding and committing; the last is left alone.
    for (round, patience) in [0, 60, 150, 300, 500, 800, 600_000].into_iter().enumerate() {
        let at = rounds.path().join(round.to_string());
        copy(dir.path(), &at);
        let mut child = std::process::Command::new(std::env::current_exe().expect("this test"))
            .args(["--ignored", "--exact", "carried_out_until_killed"])
            .env("GONGZHI_IMPORT", &at)
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("a process");
        while !at.join("begun").exists() && child.try_wait().expect("its state").is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        for _ in 0..patience / 10 {
            if child.try_wait().expect("its state").is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = child.kill();
        child.wait().expect("gone");
        let found = measures(&at);
        assert!(found == 0 || found == MANY, "round {round}: {found} of {MANY}");
        seen.push(found);
    }
    assert_eq!(seen.last(), Some(&MANY), "left alone it is carried out: {seen:?}");
    assert_eq!(seen[0], 0, "killed at once it is not: {seen:?}");
    // Carried out after all, where it was cut off: nothing is there twice.
    let at = rounds.path().join("0");
    let service = fixture::open(&at, &clock());
    let actor = service.actor_of("planner");
    let plan = service.import_plan(&actor, Some(root), "measure", token, &|_, _| {}).expect("a plan");
    service.import_apply(&actor, Some(root), "measure", token, plan.mark, &|_, _| {}).expect("carried out");
    service.close();
    assert_eq!(measures(&at), MANY);
}
