//! Who calls: language, address and session. A session travels as bearer token; the cookie of the
//! pages counts for reading only, so that no other site can make a browser act.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use gongzhi_base::{CommandId, RecordId};
use gongzhi_kernel::Actor;
use gongzhi_service::{Failure, Service};

use super::problem::{self, Problem};
use crate::app::App;
use crate::i18n::Lang;

/// What a request says about its sender.
#[derive(Clone, Debug)]
pub struct Caller {
    pub lang: Lang,
    from: Option<IpAddr>,
    bearer: Option<String>,
    cookie: Option<String>,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Caller, Infallible> {
        let bearer = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim().to_owned());
        let cookie = match bearer {
            Some(_) => None,
            None => cookie(&parts.headers, session_cookie(app.secure)),
        };
        Ok(Caller { lang: language(parts), from: address(parts, app), bearer, cookie })
    }
}

/// The name of the pages' session cookie: bound to this host where it travels over TLS.
pub fn session_cookie(secure: bool) -> &'static str {
    if secure { "__Host-session" } else { "session" }
}

/// A cookie's value.
fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(';')).find_map(|pair| {
        let (known, value) = pair.trim().split_once('=')?;
        (known == name).then(|| value.to_owned())
    })
}

/// The language asked for: `?lang=`, else the pages' cookie (islands ask in the page's language), else
/// `Accept-Language`, else Chinese.
pub fn language(parts: &Parts) -> Lang {
    let asked = parts
        .uri
        .query()
        .and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("lang=")).and_then(Lang::parse));
    let chosen = || cookie(&parts.headers, "lang").and_then(|code| Lang::parse(&code));
    asked.or_else(chosen).unwrap_or_else(|| accepted(&parts.headers))
}

/// The language of `Accept-Language`.
fn accepted(headers: &HeaderMap) -> Lang {
    let accept = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    accept.map(Lang::negotiate).unwrap_or_default()
}

/// The sender's address. Behind a proxy (`secure`) it is the one that the proxy added last.
fn address(parts: &Parts, app: &App) -> Option<IpAddr> {
    let forwarded = || {
        let list = parts.headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
        list.rsplit(',').next()?.trim().parse().ok()
    };
    let socket = || parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    if app.secure { forwarded().or_else(socket) } else { socket() }
}

impl Caller {
    /// The address under which attempts are counted.
    pub fn from(&self) -> String {
        self.from.map(|address| address.to_string()).unwrap_or_default()
    }

    /// The same as an address.
    pub fn address(&self) -> Option<IpAddr> {
        self.from
    }

    /// The bearer token.
    pub fn token(&self) -> Option<&str> {
        self.bearer.as_deref()
    }

    /// One of the API's own problems.
    pub fn problem(&self, kind: &problem::Kind) -> Problem {
        Problem::own(self.lang, kind)
    }

    /// A failure in the caller's language.
    pub fn failure(&self, failure: &Failure, app: &App) -> Problem {
        Problem::failure(self.lang, failure, Some(&app.service.state()), None)
    }

    /// Who gives a command: the person behind the bearer token, else anybody.
    pub async fn actor(&self, app: &App) -> Result<Actor, Problem> {
        let Some(token) = self.bearer.clone() else { return Ok(Actor::Public) };
        let staff = app.read(move |service| service.staff(&token)).await;
        let staff = staff.map_err(|failure| self.failure(&failure, app))?;
        staff.map(|staff| staff.actor).ok_or_else(|| self.problem(&problem::TOKEN))
    }

    /// Reads as the person behind the session, which is looked up in the same hop.
    pub async fn read<T: Send + 'static>(
        &self,
        app: &App,
        read: impl FnOnce(&Service, &Actor) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Problem> {
        let token = self.bearer.clone().or_else(|| self.cookie.clone());
        let token = token.ok_or_else(|| self.failure(&Failure::SignedOut, app))?;
        let result = app.read(move |service| {
            let staff = service.staff(&token)?.ok_or(Failure::SignedOut)?;
            read(service, &staff.actor)
        });
        result.await.map_err(|failure| self.failure(&failure, app))
    }

    /// Reads what is open to anybody.
    pub async fn read_open<T: Send + 'static>(
        &self,
        app: &App,
        read: impl FnOnce(&Service) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Problem> {
        app.read(read).await.map_err(|failure| self.failure(&failure, app))
    }

    /// A record's identifier from an address.
    pub fn record_id(&self, text: &str, app: &App) -> Result<RecordId, Problem> {
        text.parse().map_err(|_| self.failure(&Failure::NotFound, app))
    }

    /// A command's identifier from a body.
    pub fn command_id(&self, text: &str) -> Result<CommandId, Problem> {
        CommandId::new(text).map_err(|_| Problem::member(self.lang, "command_id", "command-id"))
    }
}
