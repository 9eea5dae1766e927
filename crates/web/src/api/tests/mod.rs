//! The API's contract, asked over a real service on a fresh database with the real documents and a
//! real county.

mod bulk;
mod description;
mod files;
mod input;
mod lifecycle;
mod log;
mod notices;
mod refusals;
mod rights;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use gongzhi_base::Timestamp;
use gongzhi_service::ambient::{Ambient as _, Scripted};
use gongzhi_service::{Service, Settings, load};
use gongzhi_store::sqlite::Sqlite;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value as Json, json};
use tower::ServiceExt as _;

use crate::app::App;

/// A village of one township, and the unit in charge there; codes of the county's data.
pub const VILLAGE: &str = "140823100200";
pub const OFFICE: &str = "tongcheng";
/// A kind that a township office handles by itself.
pub const KIND: &str = "020202";
const PASSWORD: &str = "correct horse battery";

/// One county for all tests: loading it takes seconds.
pub struct County {
    pub app: App,
    router: Router,
    clock: Arc<Scripted>,
    tokens: Mutex<HashMap<String, String>>,
    _dir: tempfile::TempDir,
}

/// Loaded on a thread of its own: loading waits, which a test's runtime forbids.
static COUNTY: LazyLock<County> =
    LazyLock::new(|| std::thread::spawn(load_county).join().expect("a county loads"));

fn load_county() -> County {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let dir = tempfile::tempdir().expect("a directory");
    let county = load::first_county(&root.join("counties")).expect("a county");
    let file = load::CountyFile::read(&county).expect("a county's file");
    let ledger = Arc::new(Sqlite::open(dir.path(), &file.place).expect("a ledger"));
    file.write(ledger.as_ref()).expect("settings");
    let files = load::read_library(&root.join("mechanisms")).expect("documents");
    let library = load::check_library(&files).expect("clean documents");
    let start = Timestamp::read("2026-11-23T02:00:00Z").expect("a time");
    let clock = Arc::new(Scripted::new(start, 7));
    let settings = Settings {
        ledger,
        ambient: clock.clone(),
        files: dir.path().join("files"),
        master: gongzhi_service::seal::MasterKey::fresh(&gongzhi_service::ambient::Machine),
        library: Some(library),
    };
    let service = Service::open(settings).expect("a service");
    load::county(&service, &county, &files).expect("a county");
    service.reload_laws().expect("published documents");
    let app = App {
        service: Arc::new(service),
        metrics: PrometheusBuilder::new().build_recorder().handle(),
        public_url: "http://localhost".into(),
        secure: false,
    };
    let router = crate::app::router(app.clone());
    County { app, router, clock, tokens: Mutex::default(), _dir: dir }
}

/// The county.
pub fn county() -> &'static County {
    &COUNTY
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
    pub json: Json,
}

impl Answer {
    /// The answer's JSON, if its status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Json {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.bytes));
        self.json
    }

    /// The problem, if its status and kind are these.
    #[track_caller]
    pub fn problem(self, status: u16, kind: &str) -> Json {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        let json = self.expect(status);
        assert_eq!(json["type"], format!("/api/v1/problems#{kind}"), "{json}");
        assert_eq!(json["status"], status);
        for member in ["title", "detail"] {
            let text = json[member].as_str().unwrap_or_default();
            assert!(!text.is_empty() && !text.contains("-title") && !text.contains("-text"), "{json}");
        }
        json
    }
}

/// A request in the making.
pub struct Ask {
    method: Method,
    path: String,
    headers: Vec<(header::HeaderName, String)>,
    body: Vec<u8>,
    from: SocketAddr,
}

/// A request to the API.
pub fn ask(method: &str, path: &str) -> Ask {
    ask_at(method, &format!("/api/v1{path}"))
}

/// A request to any address.
pub fn ask_at(method: &str, path: &str) -> Ask {
    Ask {
        method: method.parse().expect("a method"),
        path: path.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
        from: SocketAddr::from(([127, 0, 0, 1], 9)),
    }
}

impl Ask {
    pub fn header(mut self, name: header::HeaderName, value: &str) -> Ask {
        self.headers.push((name, value.to_owned()));
        self
    }
    pub fn lang(self, lang: &str) -> Ask {
        self.header(header::ACCEPT_LANGUAGE, lang)
    }
    pub fn from(mut self, last: u8) -> Ask {
        self.from = SocketAddr::from(([10, 0, 0, last], 9));
        self
    }
    /// As a person of the staff; an empty login is nobody.
    pub fn by(self, login: &str) -> Ask {
        if login.is_empty() {
            return self;
        }
        let token = county().token(login);
        self.header(header::AUTHORIZATION, &format!("Bearer {token}"))
    }
    pub fn json(mut self, body: &Json) -> Ask {
        self.body = body.to_string().into_bytes();
        self.header(header::CONTENT_TYPE, "application/json")
    }
    pub fn body(mut self, media: &str, body: &[u8]) -> Ask {
        self.body = body.to_vec();
        self.header(header::CONTENT_TYPE, media)
    }
    pub async fn send(self) -> Answer {
        let mut request = Request::builder().method(self.method).uri(self.path);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let mut request = request.body(Body::from(self.body)).expect("a request");
        request.extensions_mut().insert(ConnectInfo(self.from));
        let response = county().router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("a body").to_vec();
        let json = serde_json::from_slice(&bytes).unwrap_or(Json::Null);
        Answer { status: parts.status, headers: parts.headers, bytes, json }
    }
}

impl County {
    /// A session of a person, made once.
    fn token(&self, login: &str) -> String {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let sign_in = || {
            self.app.service.set_password(login, login, PASSWORD).expect("an account");
            self.app.service.sign_in(login, PASSWORD, login).expect("signed in").token
        };
        tokens.entry(login.to_owned()).or_insert_with(sign_in).clone()
    }

    /// A minute later, so that times differ.
    pub fn tick(&self) {
        self.clock.set(self.clock.now().plus_millis(60_000));
    }
}

/// A fresh command identifier.
pub fn command() -> String {
    county().app.service.new_command_id().as_str().to_owned()
}

/// A record opened for a test.
pub struct Open {
    pub id: String,
    pub number: String,
    pub code: String,
}

/// Somebody without an account reports something; the text says which.
pub async fn report(what: &str) -> Open {
    let fields = json!({ "what": what, "where": VILLAGE, "kind": KIND,
        "contact_name": "张三丰", "contact_phone": "13800001234" });
    report_with(fields).await
}

/// The same with all its fields.
pub async fn report_with(fields: Json) -> Open {
    let body = json!({ "command_id": command(), "mechanism": "matter", "step": "report", "fields": fields });
    let answer = ask("POST", "/records").json(&body).send().await.expect(201);
    let text = |name: &str| answer[name].as_str().expect("told").to_owned();
    Open { id: text("record"), number: text("number"), code: text("receipt_code") }
}

/// Takes a step as somebody.
pub async fn step(login: &str, id: &str, step: &str, fields: Json) -> Answer {
    let body = json!({ "command_id": command(), "fields": fields });
    ask("POST", &format!("/records/{id}/steps/{step}")).by(login).json(&body).send().await
}

/// Takes a step as holder of the code.
pub async fn hold(code: &str, step: &str, fields: Json) -> Answer {
    let body = json!({ "command_id": command(), "fields": fields });
    ask("POST", &format!("/follow/{code}/steps/{step}")).json(&body).send().await
}
