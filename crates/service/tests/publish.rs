//! A document is published anew: what has faults is refused, running records keep their version also after
//! a restart, new ones run on the new one.

mod fixture;

use fixture::{County, county};
use gongzhi_base::canon::Canon as _;
use gongzhi_base::{RecordId, Value};
use gongzhi_kernel::{Record, Refusal};
use gongzhi_service::{Failure, recount};

fn record(county: &County, id: RecordId) -> Record {
    let bytes = county.service.ledger().snapshot(id).expect("read").expect("there");
    Record::from_bytes(&bytes).expect("a record")
}

/// The document of matters with some of its text replaced.
fn republished(county: &County, changes: &[(&str, &str)]) -> Result<(), Failure> {
    let id = RecordId::of_entry("documents", "matter.md");
    let record = record(county, id);
    let mut source = record.fields.get("source").and_then(Value::text).expect("its text").to_owned();
    for (old, new) in changes {
        assert!(source.contains(old), "{old}");
        source = source.replacen(old, new, 1);
    }
    county.step("admin", id, "republish", &[("source", &source)]).map(|_| ())
}

fn version_of(county: &County, id: RecordId) -> u32 {
    record(county, id).version
}

#[test]
fn what_has_faults_is_refused_and_running_records_keep_their_version() {
    let county = county();
    let old = county.report("report-0001", "村口路灯不亮").expect("reported").record;
    let refused = |changes: &[(&str, &str)]| match republished(&county, changes) {
        Err(Failure::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    let faulty = refused(&[("version: 1", "version: 2"), ("sum: \"reporters\"", "sum: \"reportes\"")]);
    match faulty {
        Refusal::Need { words, clause } => {
            assert!(words.en.starts_with("matter.md:") && words.en.contains("reportes"), "{words:?}");
            assert!(words.zh.contains("GZ101") && words.zh != words.en);
            assert_eq!(clause.document, "documents");
        }
        other => panic!("{other:?}"),
    }
    let renamed = ("zh: 受理量", "zh: 收到件数");
    assert_eq!(refused(&[renamed]), Refusal::OldVersion { mechanism: "matter".into(), next: 2 });
    let head = county.service.ledger().head();

    // The prose alone may change under the same version.
    republished(&county, &[("指标评价工作和单位，不评价个人。", "指标只评价工作和单位。")])
        .expect("published");
    assert_ne!(county.service.ledger().head(), head);
    republished(&county, &[("version: 1", "version: 2"), renamed]).expect("published");
    let new = county.report("report-0002", "水管漏水").expect("reported").record;
    assert_eq!([version_of(&county, old), version_of(&county, new)], [1, 2]);

    // Version 3, and a restart: all three are there.
    republished(&county, &[("version: 2", "version: 3"), ("zh: 收到件数", "zh: 受理件数")])
        .expect("published");
    let newest = county.report("report-0003", "道路塌陷").expect("reported").record;
    let County { service, clock, _dir: dir } = county;
    service.close();
    let county = County { service: fixture::open(dir.path(), &clock), clock, _dir: dir };
    let state = county.service.state();
    let words = |version: u32| {
        let matter = state.laws.version("matter", version).expect("the version");
        matter.indicators.iter().find(|one| one.name == "received").expect("it counts").words.zh.clone()
    };
    assert_eq!([1, 2, 3].map(words), ["受理量", "收到件数", "受理件数"]);
    for id in [old, new, newest] {
        let unit = record(&county, id);
        let unit = unit.fields.get("handler").and_then(Value::text).expect("a handler");
        let mut officers = state
            .world
            .holdings()
            .filter(|held| held.post.role == "officer" && held.post.unit.as_deref() == Some(unit));
        let officer = officers.next().expect("an officer").person.clone();
        county.step(&officer, id, "accept", &[("plan", "明天上门")]).expect("accepted");
    }
    assert_eq!([old, new, newest].map(|id| version_of(&county, id)), [1, 2, 3]);
    let found = recount::recount(county.service.ledger(), None, county.service.now(), &mut |_, _| {});
    assert_eq!(found.expect("counted").differences, []);
}
