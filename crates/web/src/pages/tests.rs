//! Pages asked over a real service on a fresh database with the real documents and a real county.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use gongzhi_base::Timestamp;
use gongzhi_service::ambient::Scripted;
use gongzhi_service::{Service, Settings, load};
use gongzhi_store::sqlite::Sqlite;
use http_body_util::BodyExt as _;
use metrics_exporter_prometheus::PrometheusBuilder;
use tower::ServiceExt as _;

use crate::app::{App, router};

/// An account of the county's staff.
const LOGIN: &str = "window";
/// Who draws up the work programme.
const PLANNER: &str = "planner";
const PASSWORD: &str = "correct horse battery";

/// One county for all tests: loading it takes seconds, on a thread of its own because it waits.
static COUNTY: LazyLock<County> =
    LazyLock::new(|| std::thread::spawn(county).join().expect("a county loads"));

struct County {
    pages: Router,
    /// One of its grids.
    grid: String,
    _dir: tempfile::TempDir,
}

fn county() -> County {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let dir = tempfile::tempdir().expect("a directory");
    let county = load::first_county(&root.join("counties")).expect("a county");
    let file = load::CountyFile::read(&county).expect("a county's file");
    let ledger = Arc::new(Sqlite::open(dir.path(), &file.place).expect("a ledger"));
    file.write(ledger.as_ref()).expect("settings");
    let files = load::read_library(&root.join("mechanisms")).expect("documents");
    let library = load::check_library(&files).expect("clean documents");
    let clock = Arc::new(Scripted::new(Timestamp::read("2026-11-23T02:00:00Z").expect("a time"), 11));
    let settings = Settings {
        ledger,
        ambient: clock,
        files: dir.path().join("files"),
        master: gongzhi_service::seal::MasterKey::fresh(&gongzhi_service::ambient::Machine),
        library: Some(library),
    };
    let service = Service::open(settings).expect("a service");
    load::county(&service, &county, &files).expect("a county");
    service.reload_laws().expect("published documents");
    for login in [LOGIN, PLANNER] {
        service.set_password(login, login, PASSWORD).expect("an account");
    }
    let state = service.state();
    let mut grid = state.world.county.clone();
    let first = |place: &str| state.world.children(place).next().map(|place| place.code.clone());
    while let Some(below) = first(&grid) {
        grid = below;
    }
    let app = App {
        service: Arc::new(service),
        metrics: PrometheusBuilder::new().build_recorder().handle(),
        public_url: "http://localhost".into(),
        secure: false,
    };
    County { pages: router(app), grid, _dir: dir }
}

struct Told {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Told {
    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The value of a hidden field.
    fn hidden(&self, name: &str) -> String {
        let found = self.text.split(&format!("name=\"{name}\" value=\"")).nth(1);
        found.and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned()
    }
}

async fn send(request: Request<Body>) -> Told {
    let response = COUNTY.pages.clone().oneshot(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.expect("a body").to_bytes();
    Told { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
}

async fn get(path: &str, cookie: &str) -> Told {
    let request = Request::get(path).header(header::COOKIE, cookie).header(header::ACCEPT_LANGUAGE, "en");
    send(request.body(Body::empty()).expect("a request")).await
}

async fn post(path: &str, cookie: &str, form: &str) -> Told {
    let request = Request::post(path)
        .header(header::COOKIE, cookie)
        .header(header::ACCEPT_LANGUAGE, "en")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    send(request.body(Body::from(form.to_owned())).expect("a request")).await
}

async fn signed_in() -> String {
    signed_in_as(LOGIN).await
}

async fn signed_in_as(login: &str) -> String {
    let told = post(
        "/desk/sign-in",
        "",
        &format!("login={login}&password={}&back=/desk", PASSWORD.replace(' ', "+")),
    )
    .await;
    assert_eq!(told.status, StatusCode::SEE_OTHER);
    let line = told.header(header::SET_COOKIE);
    assert!(line.contains("HttpOnly") && line.contains("SameSite=Lax"), "{line}");
    line.split(';').next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn every_page_has_its_security_headers_and_no_inline_script() {
    for path in
        ["/", "/report", "/rates", "/help/matter", "/places", "/about", "/nothing-here", "/desk/sign-in"]
    {
        let told = get(path, "").await;
        let policy = told.header(header::CONTENT_SECURITY_POLICY);
        assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(told.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        assert_eq!(told.header(header::REFERRER_POLICY), "no-referrer", "{path}");
        for inline in [" style=\"", "<script>", " onclick="] {
            assert!(!told.text.contains(inline), "{path} holds `{inline}`");
        }
    }
}

#[tokio::test]
async fn a_report_with_faults_comes_back_with_what_was_typed() {
    let told =
        post("/report?mechanism=matter", "", "command_id=fault-0001&what=abc&where=nowhere&wish=kept+wish")
            .await;
    assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(told.text.contains("kept wish") && told.text.contains("role=\"alert\""));
    assert_eq!(told.hidden("command_id"), "fault-0001");
}

#[tokio::test]
async fn sending_twice_reports_once_and_the_receipt_opens_the_matter() {
    let form = format!("command_id=twice-0001&what=The+lamp+is+dark&where={}", COUNTY.grid);
    let first = post("/report?mechanism=matter", "", &form).await;
    let again = post("/report?mechanism=matter", "", &form).await;
    assert_eq!(first.status, StatusCode::SEE_OTHER);
    let receipt = first.header(header::LOCATION).to_owned();
    assert_eq!(receipt, again.header(header::LOCATION));
    let shown = get(&receipt, "").await;
    assert!(shown.text.contains("<svg") && shown.text.contains("The lamp is dark"), "{}", shown.status);
    let follow = get(&receipt.replace("/receipt/", "/follow/"), "").await;
    assert_eq!(follow.status, StatusCode::OK);
    assert!(follow.text.contains("method=\"post\""), "the holder can do something");
}

#[tokio::test]
async fn requests_from_other_sites_change_nothing() {
    let request = Request::post("/report?mechanism=matter")
        .header("sec-fetch-site", "cross-site")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let told = send(request.body(Body::from("what=abc")).expect("a request")).await;
    assert_eq!(told.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_desk_is_closed_without_a_session_and_its_forms_without_their_token() {
    let told = get("/desk", "").await;
    assert_eq!(
        (told.status, told.header(header::LOCATION)),
        (StatusCode::SEE_OTHER, "/desk/sign-in?back=%2Fdesk")
    );
    let cookie = signed_in().await;
    let page = get("/desk/new/matter/report", &cookie).await;
    assert_eq!(page.status, StatusCode::OK);
    let form = format!("command_id=token-0001&what=A+broken+bench&where={}", COUNTY.grid);
    let refused = post("/desk/new/matter/report", &cookie, &form).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let taken =
        post("/desk/new/matter/report", &cookie, &format!("_csrf={}&{form}", page.hidden("_csrf"))).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER);
}

/// Opens a record at the desk and answers its page and its identifier.
async fn opened(cookie: &str, at: &str, form: &str) -> (Told, String) {
    let page = get(at, cookie).await;
    assert_eq!(page.status, StatusCode::OK, "{at}");
    let hidden: Vec<String> =
        ["_csrf", "command_id", "parent"].map(|name| format!("{name}={}", page.hidden(name))).into();
    let path = at.split('?').next().unwrap_or_default();
    let taken = post(path, cookie, &format!("{}&{form}", hidden.join("&"))).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text);
    let place = taken.header(header::LOCATION).to_owned();
    let id = place.trim_start_matches("/desk/r/").split('?').next().unwrap_or_default().to_owned();
    (get(&place, cookie).await, id)
}

#[tokio::test]
async fn a_part_is_opened_below_its_parent_and_told_there_by_its_title() {
    let cookie = signed_in_as(PLANNER).await;
    let (empty, programme) =
        opened(&cookie, "/desk/new/programme/open", "title=The+year&basis=Decision+1").await;
    let add = format!("/desk/new/goal/set?parent={programme}");
    assert!(empty.text.contains(&add), "the way to add a part stands on its parent's page");
    let (_, goal) = opened(&cookie, &add, "title=Better+roads").await;
    // A catalogue of one level offers its entries without groups.
    let form = get(&format!("/desk/new/task/set?parent={goal}"), &cookie).await;
    assert!(form.text.contains("<option value=\"f1\">") && !form.text.contains("<optgroup"), "{}", form.text);
    opened(&cookie, &format!("/desk/new/task/set?parent={goal}"), "title=Pave+the+lane&force=f1").await;
    let shown = get(&format!("/desk/r/{goal}"), &cookie).await;
    assert!(shown.text.contains("Task opened: Pave the lane"), "{}", shown.text);
}

#[tokio::test]
async fn a_wrong_code_is_told_and_guessing_is_braked() {
    // From an address of its own, so that other tests keep their tries.
    let guess = || {
        let from = ConnectInfo(SocketAddr::from(([192, 0, 2, 7], 4_000)));
        let request =
            Request::get("/follow/0000-0000-0000-0001").header(header::ACCEPT_LANGUAGE, "en").extension(from);
        send(request.body(Body::empty()).expect("a request"))
    };
    let wrong = guess().await;
    assert_eq!(wrong.status, StatusCode::NOT_FOUND);
    assert!(wrong.text.contains("There is no such code"));
    let mut last = wrong.status;
    for _ in 0..40 {
        last = guess().await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}

/// The lines of a CSV file, its mark left out.
fn lines(told: &Told) -> Vec<&str> {
    told.text.trim_start_matches('\u{feff}').lines().collect()
}

/// A file of the list of goals, by what its address asks and its ending.
async fn goals(cookie: &str, ending: &str, asked: &str) -> Told {
    get(&format!("/desk/export/list.{ending}?mechanism=goal{asked}"), cookie).await
}

#[tokio::test]
async fn a_list_is_taken_along_with_the_columns_and_rights_of_its_page() {
    let cookie = signed_in_as(PLANNER).await;
    let (_, programme) =
        opened(&cookie, "/desk/new/programme/open", "title=Year+of+files&basis=Decision+2").await;
    opened(&cookie, &format!("/desk/new/goal/set?parent={programme}"), "title=%3D1%2B1%2C+cleaner+water")
        .await;

    // Headings and rows are those of the page, by its own choice of columns and by the one in the address.
    let under = format!("&under={programme}");
    for asked in [under.clone(), format!("{under}&cols=title,state,parent")] {
        let page = get(&format!("/desk/list?mechanism=goal{asked}"), &cookie).await;
        let file = goals(&cookie, "csv", &asked).await;
        assert_eq!(file.status, StatusCode::OK, "{}", file.text);
        assert!(file.text.starts_with('\u{feff}'), "{}", file.text);
        let heads: Vec<&str> = page
            .text
            .split("<thead>")
            .nth(1)
            .and_then(|rest| rest.split("</thead>").next())
            .unwrap_or_default()
            .split("<th scope=\"col\"")
            .skip(1)
            .filter_map(|rest| rest.split_once('>')?.1.split('<').next())
            .filter(|head| !head.is_empty())
            .collect();
        let rows = lines(&file);
        assert_eq!(rows[0].split(',').collect::<Vec<_>>(), heads, "{}", page.text);
        assert_eq!(rows.len(), 2, "{}", file.text);
        // A title that looks like a formula is shown and not computed.
        assert!(rows[1].contains("\"'=1+1, cleaner water\""), "{}", file.text);
        assert!(page.text.contains("href=\"/desk/export/list.csv?"), "{}", page.text);
        assert!(page.text.contains("href=\"/desk/export/list.xlsx?"), "{}", page.text);
    }
    let book = goals(&cookie, "xlsx", &under).await;
    assert_eq!(book.header(header::CONTENT_TYPE), crate::pages::sheets::XLSX);
    assert!(book.text.starts_with("PK"));
    assert_eq!(goals(&cookie, "doc", &under).await.status, StatusCode::NOT_FOUND);
    assert_eq!(get("/desk/export/list.csv?mechanism=nothing", &cookie).await.status, StatusCode::NOT_FOUND);

    // An empty list offers no file.
    let none = get("/desk/list?mechanism=goal&month=1999-01", &cookie).await;
    assert!(!none.text.contains("/desk/export/list"), "{}", none.text);
    assert_eq!(lines(&goals(&cookie, "csv", "&month=1999-01").await).len(), 1);

    // Who may not read the record gets no row, nor learns that it is there; nobody gets a file signed out.
    let other = signed_in().await;
    let narrow = goals(&other, "csv", &under).await;
    assert_eq!(narrow.status, get(&format!("/desk/list?mechanism=goal{under}"), &other).await.status);
    assert!(!narrow.text.contains("cleaner water"), "{}", narrow.text);
    let wide = goals(&other, "csv", "").await;
    assert_eq!((wide.status, lines(&wide).len()), (StatusCode::OK, 1), "{}", wide.text);
    let out = goals("", "csv", "").await;
    assert_eq!(out.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_preview_of_many_leads_to_the_lists_when_only_its_address_is_asked() {
    let told = get("/desk/bulk", &signed_in().await).await;
    assert_eq!((told.status, told.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/desk/lists"));
}

#[tokio::test]
async fn personal_data_is_no_column_of_a_file_even_when_asked_for() {
    let form = format!(
        "command_id=file-0001&what=The+drain+is+blocked&where={}&contact_name=Wang+Secret&contact_phone=13900001234",
        COUNTY.grid
    );
    assert_eq!(post("/report?mechanism=matter", "", &form).await.status, StatusCode::SEE_OTHER);
    let asked = "mechanism=matter&show=all&cols=title,contact_name,contact_phone";
    let file = get(&format!("/desk/export/list.csv?{asked}"), &signed_in().await).await;
    let rows = lines(&file);
    assert!(rows.iter().any(|row| row.contains("The drain is blocked")), "{}", file.text);
    assert!(!rows[0].contains(','), "the title is the only column: {}", rows[0]);
    assert!(!file.text.contains("Wang Secret") && !file.text.contains("13900001234"), "{}", file.text);
}

#[tokio::test]
async fn what_a_search_and_a_figure_show_is_taken_along() {
    let cookie = signed_in_as(PLANNER).await;
    let (_, programme) =
        opened(&cookie, "/desk/new/programme/open", "title=Zebra+crossings&basis=Decision+3").await;
    let page = get("/desk/search?q=Zebra", &cookie).await;
    assert!(page.text.contains("href=\"/desk/export/search.csv?q=Zebra\""), "{}", page.text);
    let file = get("/desk/export/search.csv?q=Zebra", &cookie).await;
    assert!(lines(&file).iter().any(|line| line.contains("Zebra crossings")), "{}", file.text);
    let other = get("/desk/export/search.csv?q=Zebra", &signed_in().await).await;
    assert!(!other.text.contains("Zebra crossings"), "{}", other.text);

    // Behind a figure: the records that it counts, by the columns of that page.
    let (_, goal) = opened(&cookie, &format!("/desk/new/goal/set?parent={programme}"), "title=Stripes").await;
    opened(&cookie, &format!("/desk/new/task/set?parent={goal}"), "title=Paint+stripes&force=f1").await;
    let asked = format!("mechanism=task&indicator=tasks&under={goal}");
    let page = get(&format!("/desk/list?{asked}"), &cookie).await;
    assert!(page.text.contains("/desk/export/list.csv?indicator=tasks"), "{}", page.text);
    let file = get(&format!("/desk/export/list.csv?{asked}"), &cookie).await;
    let rows = lines(&file);
    assert!(rows.len() == 2 && rows[0].starts_with("Number,"), "{}", file.text);
    assert!(rows[1].contains("Paint stripes"), "{}", file.text);
    let other = get(&format!("/desk/export/list.csv?{asked}"), &signed_in().await).await;
    assert!(!other.text.contains("Paint stripes"), "{}", other.text);
}

#[tokio::test]
async fn looks_are_chosen_by_cookie() {
    let told = post("/preferences", "", "lang=zh&type=large&back=/rates%3Flang%3Den").await;
    assert_eq!((told.status, told.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/rates"));
    assert_eq!(told.headers.get_all(header::SET_COOKIE).iter().count(), 2);
    let page = get("/", "lang=zh; type=large; theme=dark").await;
    assert!(page.text.contains("lang=\"zh-CN\" data-theme=\"dark\" data-type=\"large\""));
}
