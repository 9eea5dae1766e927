//! When a page cannot be shown: one way from failures to responses.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use gongzhi_service::Failure;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::visitor::{Me, Visitor};
use super::words::{RefusalText, failure_words, refusal_words_in};
use crate::app::App;
use crate::view::{ErrorPage, Fact, Link, Problem, Shell};

/// A finished response that says why there is no page; what handlers return as error.
#[derive(Debug)]
pub struct Trouble(Box<Response>);

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        *self.0
    }
}

impl From<Response> for Trouble {
    fn from(response: Response) -> Trouble {
        Trouble(Box::new(response))
    }
}

/// What page handlers answer.
pub type Answer = Result<Response, Trouble>;

/// Renders a page.
pub fn page(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, [(header::CACHE_CONTROL, "no-store")], Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page was not rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Renders a page that went well.
pub fn ok(template: &impl Template) -> Response {
    page(StatusCode::OK, template)
}

/// See other, after a post.
pub fn see(path: &str) -> Response {
    Redirect::to(path).into_response()
}

impl Trouble {
    /// To the sign-in page, and back afterwards.
    pub fn sign_in(visitor: &Visitor) -> Trouble {
        let back = utf8_percent_encode(&visitor.path, NON_ALPHANUMERIC).to_string();
        see(&format!("/desk/sign-in?back={back}")).into()
    }

    /// A page with the standard words of a status.
    pub fn status(app: &App, visitor: &Visitor, status: StatusCode) -> Trouble {
        Trouble::of(error_page(visitor.shell(app, ""), status, None))
    }

    /// A failure in words, in a resident's frame.
    pub fn failure(app: &App, visitor: &Visitor, failure: &Failure) -> Trouble {
        Trouble::kept(app, visitor.shell(app, ""), failure, Vec::new())
    }

    /// A failure in words, in the desk's frame.
    pub fn at_desk(app: &App, visitor: &Visitor, me: &Me, failure: &Failure) -> Trouble {
        Trouble::kept(app, visitor.desk_shell(app, me, ""), failure, Vec::new())
    }

    /// A fault of ours, with the words for the operator.
    pub fn broken(app: &App, visitor: &Visitor, why: &str) -> Trouble {
        tracing::error!(why, "a file could not be made");
        Trouble::status(app, visitor, StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// A failure in words, with what was typed.
    pub fn kept(app: &App, shell: Shell, failure: &Failure, kept: Vec<Fact>) -> Trouble {
        let told = tell(app, &shell, failure);
        let mut page = error_page(shell, told.status, Some(told));
        page.kept = kept;
        Trouble::of(page)
    }

    fn of(mut error: ErrorPage) -> Trouble {
        error.s.title = error.heading().into_owned();
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = page(status, &error);
        if error.wait_seconds > 0 {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(error.wait_seconds));
        }
        response.into()
    }
}

/// A failure in the page's language. What is for the operator goes to the log.
pub fn tell(app: &App, shell: &Shell, failure: &Failure) -> RefusalText {
    match failure {
        Failure::Refused(refusal) => refusal_words_in(shell.lang, refusal, &app.service.state()),
        failure => {
            if let Failure::Store(error) = failure {
                tracing::error!(%error, "the database failed");
            }
            failure_words(shell.lang, failure)
        }
    }
}

/// A refusal as the problem of a form.
pub fn problem(told: RefusalText) -> Problem {
    let link = |(label, href)| Link::new(label, href);
    Problem { text: told.words, link: told.clause.map(link), other: told.other.map(link) }
}

fn error_page(shell: Shell, status: StatusCode, told: Option<RefusalText>) -> ErrorPage {
    let desk = shell.signed_in.is_some();
    let way = |key: &str, href: &str| Link::new(shell.t(key), href);
    let links = match desk {
        true => vec![way("nav-inbox", "/desk")],
        false => vec![way("nav-home", "/"), way("nav-follow", "/follow")],
    };
    let wait_seconds = if status == StatusCode::TOO_MANY_REQUESTS { 60 } else { 0 };
    ErrorPage {
        status: status.as_u16(),
        problem: told.map(problem),
        links,
        wait_seconds,
        s: shell,
        ..ErrorPage::default()
    }
}
