//! Who asks for a page: language, looks, address, session; and the frame that pages have around them.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use gongzhi_base::Timestamp;
use gongzhi_kernel::Actor;
use gongzhi_service::accounts::Staff;

use super::posted::Posted;
use super::problem::Trouble;
use super::settings::Presentation;
use super::words::say;
use crate::app::App;
use crate::i18n::{Lang, t};
use crate::view::{Fact, Link, NavItem, Shell, SignedIn, Theme};

/// What a request says about its sender.
#[derive(Clone, Debug)]
pub struct Visitor {
    pub lang: Lang,
    pub theme: Theme,
    pub large: bool,
    /// Path and query asked for.
    pub path: String,
    /// The sender's address, for brakes on guessing.
    pub from: String,
    /// The session's secret, if there is one.
    pub token: Option<String>,
    pub presentation: Arc<Presentation>,
    /// When the page was asked for.
    pub now: Timestamp,
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Visitor, Infallible> {
        Ok(Visitor::of(parts, app))
    }
}

/// The name of the session's cookie: bound to this very host where cookies travel over TLS.
pub fn session_cookie(secure: bool) -> &'static str {
    if secure { "__Host-session" } else { "session" }
}

/// A cookie's value.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(';')).find_map(|pair| {
        let (known, value) = pair.trim().split_once('=')?;
        (known == name).then_some(value)
    })
}

/// A `Set-Cookie` line. `seconds` of `None` lasts as long as the browser; 0 removes it.
pub fn set_cookie(name: &str, value: &str, seconds: Option<i64>, secure: bool, hidden: bool) -> HeaderValue {
    let age = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    let secure = if secure { "; Secure" } else { "" };
    let hidden = if hidden { "; HttpOnly" } else { "" };
    let line = format!("{name}={value}; Path=/; SameSite=Lax{age}{secure}{hidden}");
    HeaderValue::from_str(&line).unwrap_or_else(|_| HeaderValue::from_static(""))
}

impl Visitor {
    fn of(parts: &Parts, app: &App) -> Visitor {
        let headers = &parts.headers;
        let asked = parts.uri.query().and_then(|query| {
            query.split('&').find_map(|pair| pair.strip_prefix("lang=")).and_then(Lang::parse)
        });
        let accepted = || {
            let accept = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
            accept.map(Lang::negotiate).unwrap_or_default()
        };
        let lang = asked.or_else(|| cookie(headers, "lang").and_then(Lang::parse)).unwrap_or_else(accepted);
        Visitor {
            lang,
            theme: cookie(headers, "theme").and_then(Theme::parse).unwrap_or_default(),
            large: cookie(headers, "type") == Some("large"),
            path: parts.uri.path_and_query().map(|path| path.as_str().to_owned()).unwrap_or_default(),
            from: address(parts, app),
            token: cookie(headers, session_cookie(app.secure)).map(str::to_owned),
            presentation: Presentation::of(parts, app),
            now: app.service.now(),
        }
    }

    /// Takes up what the switches of a page have sent along with its form; whether they did.
    pub fn switch(&mut self, posted: &Posted) -> bool {
        if let Some(lang) = posted.get("_lang").and_then(Lang::parse) {
            self.lang = lang;
        }
        if let Some(size) = posted.get("_type") {
            self.large = size == "large";
        }
        posted.get("_lang").or(posted.get("_type")).is_some()
    }

    /// A text of the interface.
    pub fn t(&self, key: &str) -> String {
        t(self.lang, key).into_owned()
    }

    /// The frame of a resident's page.
    pub fn shell(&self, app: &App, title: impl Into<String>) -> Shell {
        let state = app.service.state();
        let county = state.world.place(&state.world.county).map(|place| say(self.lang, &place.words));
        let nav = [
            ("/", "nav-home"),
            ("/report", "nav-report"),
            ("/follow", "nav-follow"),
            ("/rates", "nav-rates"),
        ];
        let path = self.path.split('?').next().unwrap_or_default();
        let current = |href: &str| path == href || href != "/" && path.starts_with(&format!("{href}/"));
        Shell {
            lang: self.lang,
            theme: self.theme,
            large_type: self.large,
            title: title.into(),
            county: county.unwrap_or_default(),
            nav: nav
                .into_iter()
                .map(|(href, key)| NavItem {
                    label: self.t(key),
                    href: href.to_owned(),
                    current: current(href),
                    ..NavItem::default()
                })
                .collect(),
            assets: crate::ops::assets(),
            path: self.path.clone(),
            demo: self.presentation.demo,
            footer: self.presentation.footer(self.lang),
            ..Shell::default()
        }
    }

    /// A fact under the name of this key.
    pub fn fact(&self, key: &str, value: String) -> Fact {
        Fact { label: self.t(key), value, ..Fact::default() }
    }

    /// The frame of a page that is for everybody: the staff keep their own navigation on it.
    pub fn shell_for(&self, app: &App, me: Option<&Me>, title: impl Into<String>) -> Shell {
        match me {
            Some(me) => self.desk_shell(app, me, title),
            None => self.shell(app, title),
        }
    }

    /// The frame of a page of the desk.
    pub fn desk_shell(&self, app: &App, me: &Me, title: impl Into<String>) -> Shell {
        let mut shell = self.shell(app, title);
        let state = app.service.state();
        let posts = me.staff.actor.posts();
        let post = posts.first().map(|post| super::names::post(self.lang, &state, post)).unwrap_or_default();
        shell.signed_in = Some(SignedIn { name: me.staff.name.clone(), post });
        shell.csrf.clone_from(&me.staff.csrf);
        let path = self.path.split('?').next().unwrap_or_default().to_owned();
        let mut nav = vec![("/desk", "nav-inbox", "g i"), ("/desk/list", "nav-list", "g s")];
        if super::desk::board::may_see(app, &me.staff.actor) {
            nav.push(("/desk/board", "nav-board", "g d"));
        }
        if app.service.may_audit(&me.staff.actor) {
            nav.push(("/desk/audit", "nav-audit", "g a"));
        }
        if app.service.may_administer(&me.staff.actor) {
            nav.push(("/desk/operate", "nav-operate", "g o"));
        }
        nav.push(("/desk/notices", "nav-notices", "g n"));
        let unread = (me.unread > 0).then(|| match me.unread {
            // More are not counted.
            100.. => "99+".to_owned(),
            unread => unread.to_string(),
        });
        shell.nav = nav
            .into_iter()
            .map(|(href, key, keys)| NavItem {
                label: self.t(key),
                href: href.to_owned(),
                // The desk itself is above all others.
                current: path == href || href != "/desk" && path.starts_with(&format!("{href}/")),
                badge: unread.clone().filter(|_| href == "/desk/notices"),
                key: Some(keys.to_owned()),
            })
            .collect();
        shell.footer =
            vec![Link::new(self.t("nav-residents"), "/"), Link::new(self.t("burden-title"), "/desk/burden")];
        shell
    }
}

/// The sender's address. Behind a proxy that ends TLS it is the one that the proxy added last.
fn address(parts: &Parts, app: &App) -> String {
    let forwarded = || {
        let list = parts.headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
        list.rsplit(',').next().map(|address| address.trim().to_owned())
    };
    let socket = || parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_string());
    let found = if app.secure { forwarded().or_else(socket) } else { socket() };
    found.unwrap_or_default()
}

/// Somebody of the staff, signed in. Taking it as argument is what closes a page to others.
#[derive(Clone, Debug)]
pub struct Me {
    pub staff: Staff,
    /// Notices not read yet, counted up to 100.
    pub unread: u64,
}

impl Me {
    /// Who gives the commands.
    pub fn actor(&self) -> Actor {
        self.staff.actor.clone()
    }
}

/// For pages that anybody may see and that tell the staff a little more.
impl OptionalFromRequestParts<App> for Me {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Me>, Infallible> {
        Ok(<Me as FromRequestParts<App>>::from_request_parts(parts, app).await.ok())
    }
}

impl FromRequestParts<App> for Me {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Me, Trouble> {
        let visitor = Visitor::of(parts, app);
        let Some(token) = visitor.token.clone() else { return Err(Trouble::sign_in(&visitor)) };
        let read = app.read(move |service| {
            let Some(staff) = service.staff(&token)? else { return Ok(None) };
            let unread = service.unread(&staff.code)?;
            Ok(Some((staff, unread)))
        });
        match read.await {
            Ok(Some((staff, unread))) => Ok(Me { staff, unread }),
            Ok(None) => Err(Trouble::sign_in(&visitor)),
            Err(failure) => Err(Trouble::failure(app, &visitor, &failure)),
        }
    }
}
