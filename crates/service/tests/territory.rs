//! Places are moved, merged, closed and restored: figures, lists and inboxes follow, and the recount agrees at
//! every moment.

mod fixture;

use std::collections::BTreeMap;

use fixture::{County, county, county_with};
use gongzhi_base::RecordId;
use gongzhi_base::canon::Canon as _;
use gongzhi_kernel::project::project;
use gongzhi_kernel::{Actor, Order, Raw, Record};
use gongzhi_lang::model::{Dimension, Level};
use gongzhi_service::figures::{FigureQuery, Grain, Map, Reading};
use gongzhi_service::recount;
use gongzhi_store::{ListQuery, Scope};

const VILLAGE: &str = "140823204208";

/// What a place's records add up to, all months together, on a map: by the indicator's name.
fn figures(county: &County, place: &str, map: Map) -> BTreeMap<String, (i64, i64)> {
    let query = FigureQuery {
        mechanism: "matter".into(),
        indicators: ["received", "on-time", "open", "answering"].map(str::to_owned).to_vec(),
        dimension: Dimension::Place,
        keys: vec![place.to_owned()],
        within: None,
        months: ("0000-00".into(), "9999-99".into()),
    };
    let reading = Reading { grain: Grain::Whole, map };
    let found = county.service.figures_by(&query, reading).expect("figures").into_iter();
    found.map(|figure| (figure.name(), (figure.numerator, figure.denominator))).collect()
}

fn received(county: &County, place: &str) -> [i64; 2] {
    [Map::Today, Map::AsItWas]
        .map(|map| figures(county, place, map).get("received").map_or(0, |received| received.0))
}

fn listed(county: &County, level: Level, place: &str) -> usize {
    let query = ListQuery {
        scope: Scope::All,
        mechanism: Some("matter".into()),
        place: Some((level, place.to_owned())),
        limit: 100,
        ..ListQuery::default()
    };
    county.service.ledger().list(&query).expect("a list").rows.len()
}

/// Everything derived is what the entries give on the map of now.
fn agrees(county: &County, when: &str) {
    let (service, now) = (&county.service, county.service.now());
    let found = recount::recount(service.ledger(), None, now, &mut |_, _| {}).expect("counted");
    assert_eq!(found.differences, [], "{when}");
    assert!(!found.moved && found.cells > 0);
    let state = service.state();
    for name in ["matter", "places"] {
        for bytes in service.ledger().snapshots(name).expect("snapshots") {
            let record = Record::from_bytes(&bytes).expect("a record");
            let law = state.laws.version(name, record.version).expect("its mechanism");
            let row = project(law, &record, &state.world, now).row;
            assert_eq!(service.ledger().rows(&[record.id]), Ok(vec![row]), "{when}");
        }
    }
}

fn change(county: &County, place: &str, step: &str, fields: &[(&str, &str)]) {
    let places = county.service.ledger().snapshots("places").expect("places").into_iter();
    let records = places.map(|bytes| Record::from_bytes(&bytes).expect("a place"));
    let mut found =
        records.filter(|record| record.fields.get("code").and_then(gongzhi_base::Value::text) == Some(place));
    let record = found.next().expect("the place").id;
    county.step("admin", record, step, fields).expect("done");
}

fn later(county: &County, millis: i64) {
    county.clock.set(county.service.now().plus_millis(millis));
}

fn open(county: &County, place: &str) -> RecordId {
    let input = [("what", "村口路灯不亮"), ("where", place), ("kind", "020202")]
        .map(|(name, value)| (name.to_owned(), Raw::Text(value.to_owned())));
    let id = county.service.new_record_id();
    let order = Order::Open { mechanism: "matter".into(), step: "report".into(), id, input: input.into() };
    let command = county.service.new_command_id();
    county.send(command.as_str(), Actor::Public, order).expect("reported");
    id
}

fn answer(county: &County, id: RecordId) {
    let bytes = county.service.ledger().snapshot(id).expect("read").expect("there");
    let record = Record::from_bytes(&bytes).expect("a record");
    let handler = record.fields.get("handler").and_then(gongzhi_base::Value::text).expect("a handler");
    let state = county.service.state();
    let mut officers = state
        .world
        .holdings()
        .filter(|held| held.post.role == "officer" && held.post.unit.as_deref() == Some(handler));
    let officer = officers.next().expect("an officer").person.clone();
    county.step(&officer, id, "accept", &[("plan", "明天更换")]).expect("accepted");
    county.step(&officer, id, "answer", &[("done", "已经更换"), ("result", "solved")]).expect("answered");
}

#[test]
fn figures_and_lists_follow_the_territory() {
    let county = county();
    let world = county.service.state().world.clone();
    let old = world.up(VILLAGE, Level::Township).expect("its township").to_owned();
    let mut towns = world.children(&world.county).map(|place| place.code.clone());
    let new = towns.find(|code| *code != old).expect("another township");
    let neighbour = world.children(&new).next().expect("a village there").code.clone();
    let ids: Vec<RecordId> = (0..3).map(|_| open(&county, VILLAGE)).collect();
    later(&county, 30 * 60_000);
    answer(&county, ids[0]);
    let before = figures(&county, &old, Map::Today);
    assert_eq!(before["received"], (3, 0));
    assert_eq!((before["on-time"], before["answering.p50"]), ((1, 1), (1, 1)));
    agrees(&county, "before");

    // To another township.
    let name = ("name", "改名村");
    change(&county, VILLAGE, "amend", &[name, ("parent", &new)]);
    agrees(&county, "moved");
    assert_eq!(figures(&county, &old, Map::Today).len(), 0, "nothing is left there");
    assert_eq!(figures(&county, &new, Map::Today), before);
    assert_eq!(figures(&county, &old, Map::AsItWas), before, "the past is as it was");
    assert_eq!(figures(&county, &new, Map::AsItWas).len(), 0);
    assert_eq!([listed(&county, Level::Township, &old), listed(&county, Level::Township, &new)], [0, 3]);

    // What was opened before goes on under both, what is opened now under the new one only.
    later(&county, 60_000);
    answer(&county, ids[1]);
    open(&county, VILLAGE);
    agrees(&county, "and work went on");
    assert_eq!([received(&county, &old), received(&county, &new)], [[0, 3], [4, 1]]);
    assert_eq!(figures(&county, &old, Map::AsItWas)["on-time"], (2, 2));

    // Merged into a village by a clock that was set back a little: what is opened then still comes after the move.
    later(&county, -5 * 60_000);
    open(&county, VILLAGE);
    change(&county, VILLAGE, "merge", &[("into", &neighbour), ("reason", "行政区划调整")]);
    open(&county, &neighbour);
    agrees(&county, "merged");
    assert_eq!([received(&county, &neighbour), received(&county, VILLAGE)], [[6, 1], [5, 5]]);
    assert_eq!(listed(&county, Level::Village, &neighbour), 6);
    // The one that took it in moves back to the old township, with all that is in it.
    change(&county, &neighbour, "amend", &[name, ("parent", &old)]);
    agrees(&county, "moved with what was merged into it");
    assert_eq!([received(&county, &old), received(&county, &new)], [[6, 3], [0, 3]]);

    change(&county, VILLAGE, "restore", &[("reason", "恢复")]);
    agrees(&county, "restored");
    assert_eq!([received(&county, &old), received(&county, &new)], [[1, 3], [5, 3]]);
    change(&county, VILLAGE, "close", &[("reason", "撤销")]);
    agrees(&county, "closed");
    assert_eq!(received(&county, &new), [5, 3], "what was closed lies in the one above");

    // Read anew, the history of places too, it is the same.
    let kept = figures(&county, &new, Map::Today);
    let County { service, clock, _dir: dir } = county;
    service.close();
    let service = fixture::open(dir.path(), &clock);
    let county = County { service, clock, _dir: dir };
    agrees(&county, "after a restart");
    assert_eq!(figures(&county, &new, Map::Today), kept);
}

/// How many works are counted within a plan at a place, on today's map and as it was.
fn works(county: &County, plan: RecordId, place: &str) -> [i64; 2] {
    [Map::Today, Map::AsItWas].map(|map| {
        let query = FigureQuery {
            mechanism: "works".into(),
            indicators: vec!["works".into()],
            dimension: Dimension::Place,
            keys: vec![place.to_owned()],
            within: Some(plan),
            months: ("0000-00".into(), "9999-99".into()),
        };
        let reading = Reading { grain: Grain::Whole, map };
        let one = county.service.figures_by(&query, reading).expect("figures");
        // Asked for all places it is the same.
        let all = FigureQuery { keys: Vec::new(), ..query };
        let mut all = county.service.figures_by(&all, reading).expect("figures");
        all.retain(|figure| figure.key.key == place && figure.numerator != 0);
        assert!(all.iter().eq(one.iter().filter(|figure| figure.numerator != 0)), "{place} {map:?}");
        one.first().map_or(0, |figure| figure.numerator)
    })
}

#[test]
fn figures_by_place_within_a_record_above_follow_the_territory() {
    let county = county_with(&["suite/figures/works.md"]);
    let world = county.service.state().world.clone();
    let old = world.up(VILLAGE, Level::Township).expect("its township").to_owned();
    let mut towns = world.children(&world.county).map(|place| place.code.clone());
    let new = towns.find(|code| *code != old).expect("another township");
    let other = world.children(&new).next().expect("a village there").code.clone();
    let opened = |mechanism: &str, step: &str, fields: &[(&str, &str)]| {
        let input = fields.iter().map(|(n, v)| ((*n).to_owned(), Raw::Text((*v).to_owned()))).collect();
        let id = county.service.new_record_id();
        let order = Order::Open { mechanism: mechanism.into(), step: step.into(), id, input };
        let command = county.service.new_command_id();
        county.send(command.as_str(), county.service.actor_of("planner"), order).expect("opened");
        id
    };
    let plans = ["第一年", "第二年"].map(|title| opened("works-plan", "open", &[("title", title)]));
    let add = |plan: RecordId, village: &str| {
        opened("works", "add", &[("parent", &plan.to_string()), ("title", "修路"), ("where", village)])
    };
    let first = add(plans[0], VILLAGE);
    add(plans[0], VILLAGE);
    add(plans[1], VILLAGE);
    add(plans[1], &other);
    agrees(&county, "before");
    let all = |place: &str| plans.map(|plan| works(&county, plan, place));
    assert_eq!(all(VILLAGE), [[2, 2], [1, 1]]);
    assert_eq!((all(&old), all(&new)), ([[2, 2], [1, 1]], [[0, 0], [1, 1]]));
    assert_eq!(all(&world.county), [[2, 2], [2, 2]]);

    // What lies in a village goes with it, and what is done there afterwards counts where it lies now. Another
    // village goes the other way: of the second plan as much is gained as is lost.
    change(&county, VILLAGE, "amend", &[("name", "改名村"), ("parent", &new)]);
    change(&county, &other, "amend", &[("name", "另一村"), ("parent", &old)]);
    agrees(&county, "moved");
    assert_eq!((all(&old), all(&new)), ([[0, 2], [1, 1]], [[2, 0], [1, 1]]));
    later(&county, 60_000);
    add(plans[0], VILLAGE);
    county.step("planner", first, "build", &[]).expect("built");
    agrees(&county, "and work went on");
    assert_eq!((all(&old), all(&new)), ([[0, 2], [1, 1]], [[3, 1], [1, 1]]));
    assert_eq!(all(&world.county), [[3, 3], [2, 2]]);
    county.service.close();
}

#[test]
fn rows_that_a_crash_left_on_the_old_map_are_written_at_the_next_start() {
    let county = county();
    open(&county, VILLAGE);
    let ledger = county.service.ledger();
    // As if the process had ended right after the move was durable: the row still stands elsewhere.
    let id = ledger.list(&ListQuery {
        scope: Scope::All,
        mechanism: Some("matter".into()),
        limit: 1,
        ..ListQuery::default()
    });
    let id = id.expect("a list").rows[0].id;
    let record = Record::from_bytes(&ledger.snapshot(id).expect("read").expect("there")).expect("a record");
    let state = county.service.state();
    let law = state.laws.version("matter", record.version).expect("matters");
    let mut projection = project(law, &record, &state.world, county.service.now());
    let right = projection.row.clone();
    projection.row.path[Level::Township as usize] = Some("140823999".into());
    let stored =
        gongzhi_store::Stored { snapshot: record.to_bytes(), receipt: None, projection, text_changed: true };
    let head = ledger.head().expect("a head");
    let batch = gongzhi_store::Batch { records: vec![stored], ..gongzhi_store::Batch::default() };
    ledger.commit(head, &batch).expect("written");
    ledger.put_setting(&format!("territory/village/{VILLAGE}"), b"1").expect("noted");
    let County { service, clock, _dir: dir } = county;
    service.close();
    let service = fixture::open(dir.path(), &clock);
    assert_eq!(service.ledger().rows(&[id]), Ok(vec![right]));
    assert_eq!(service.ledger().setting(&format!("territory/village/{VILLAGE}")), Ok(Some(Vec::new())));
    assert_eq!(service.ledger().head(), Ok(head), "no entry was added");
    service.close();
}
