//! `gongzhi import` on a directory: the report row by row, nothing written with a fault, and the rights of the
//! account.

use std::path::Path;

use gongzhi_store::sqlite::Sqlite;
use gongzhi_store::{Ledger, ListQuery, Scope};

use crate::county::{Place, bad, gongzhi, good};
use crate::server::Server;

const HEADINGS: &str = "岗位编码,任职人,角色,所在单位,管到的区域,开始日期,到期日期\n";

fn posts(county: &Path) -> usize {
    let path = county.join("county.db");
    let code = Sqlite::county_of(&path).expect("a county");
    let ledger = Sqlite::open(&path, &code).expect("a database");
    let query = ListQuery {
        scope: Scope::All,
        mechanism: Some("posts".into()),
        limit: 10_000,
        ..ListQuery::default()
    };
    ledger.list(&query).expect("a list").rows.len()
}

#[test]
fn a_register_is_imported_at_a_shell_whole_or_not_at_all() {
    let place = Place::new();
    let county = place.county("county");
    let file = place.path("posts.csv");
    let before = posts(&county);
    let import = |account: &str, more: &[&str]| {
        let mut args: Vec<&dyn AsRef<std::ffi::OsStr>> =
            vec![&"import", &"--data", &county, &"--mechanism", &"posts", &"--as", &account, &file];
        args.extend(more.iter().map(|word| word as &dyn AsRef<std::ffi::OsStr>));
        gongzhi(&args)
    };
    let write = |rows: &str| std::fs::write(&file, format!("{HEADINGS}{rows}")).expect("written");

    write("n1,window,supervisor,,140823000000,,\nn2,nobody-at-all,supervisor,,140823000000,,\n");
    let faulty = import("admin", &["--lang", "zh"]);
    assert_eq!(faulty.status.code(), Some(1));
    let told = String::from_utf8(faulty.stdout).expect("text");
    assert!(told.contains("第3行") && told.contains("nobody-at-all"), "{told}");
    assert_eq!(posts(&county), before, "the sound row is not written either");

    write("n1,window,supervisor,,140823000000,,\n");
    let said = good(import("admin", &["--dry-run", "--lang", "en"]));
    assert!(said.contains("1 would be new") && said.contains("Nothing was written"), "{said}");
    assert_eq!(posts(&county), before);
    let refused = import("window", &["--lang", "en"]);
    assert_eq!(refused.status.code(), Some(1), "a clerk may not appoint");
    assert!(bad(import("no-such-login", &[])).contains("no account no-such-login"));
    assert_eq!(posts(&county), before);

    let server = Server::start(&county);
    assert!(bad(import("admin", &[])).contains("a server runs on"));
    drop(server);
    good(import("admin", &[]));
    assert_eq!(posts(&county), before + 1);
    good(import("admin", &[]));
    assert_eq!(posts(&county), before + 1, "the same sheet again doubles nothing");
}
