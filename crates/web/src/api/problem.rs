//! Problem details (RFC 9457): one form for everything that the API does not do, in the caller's
//! language. Words of refusals come from the documents and from [`crate::pages::words`].

use std::collections::BTreeMap;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fluent_bundle::FluentValue;
use gongzhi_kernel::{FieldFault, Refusal};
use gongzhi_lang::model::Mechanism;
use gongzhi_service::files::FileFault;
use gongzhi_service::{Failure, State};
use gongzhi_store::StoreError;
use serde::Serialize;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::response::{Response as Documented, ResponseBuilder};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{IntoResponses, ToSchema};

use crate::i18n::{Lang, t, t_with};
use crate::pages::words;

/// Where the kinds of problems are told; the kind follows as fragment.
const KINDS: &str = "/api/v1/problems#";
/// Media type of problem details.
const MEDIA: &str = "application/problem+json";

/// Why a request was not carried out. Nothing was changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "type": "/api/v1/problems#fields", "title": "Some fields need another look", "status": 422,
    "detail": "Nothing was submitted.",
    "faults": [{ "field": "what", "code": "too-short", "message": "at least 4 characters" }]
}))]
pub struct Problem {
    /// The kind of problem, a relative address. Programs decide by this and not by the words.
    #[serde(rename = "type")]
    pub kind: String,
    /// A few words, in the language of `Accept-Language`.
    pub title: String,
    /// The HTTP status once more.
    pub status: u16,
    /// What is wrong and what to do.
    pub detail: String,
    /// Each fault of each field, all at once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultShape>,
    /// The clause that a refusal rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<ClauseShape>,
    /// Where JSON or a query breaks off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// For developers: the reader's own words about malformed input, in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The record that stands in the way, where the caller may read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// The record's revision now, when it has moved on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// The language of the words.
    #[serde(skip)]
    lang: Lang,
    /// Seconds after which trying again makes sense.
    #[serde(skip)]
    wait: Option<u16>,
}

/// A fault of one field.
#[derive(Debug, Serialize, ToSchema)]
pub struct FaultShape {
    /// The field's name in the mechanism, or the name of the request's own member.
    #[schema(example = "what")]
    pub field: String,
    /// Short and stable, for programs.
    #[schema(example = "too-short")]
    pub code: &'static str,
    /// For people.
    pub message: String,
}

/// A clause of a document.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClauseShape {
    /// What it is called.
    pub text: String,
    /// Where it is read.
    #[schema(example = "/help/matter#section")]
    pub href: String,
}

/// A position in the request's body, both counted from 1.
#[derive(Debug, Serialize, ToSchema)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// A kind of problem that is the API's own: status and the key of its words.
pub struct Kind {
    pub slug: &'static str,
    pub status: StatusCode,
}

macro_rules! kinds {
    ($($name:ident $slug:literal $status:ident),* $(,)?) => {
        $(pub const $name: Kind = Kind { slug: $slug, status: StatusCode::$status };)*
        /// The API's own kinds of problems.
        pub const OWN: &[Kind] = &[$($name),*];
    };
}

kinds! {
    JSON_SYNTAX "json-syntax" BAD_REQUEST,
    JSON_SHAPE "json-shape" BAD_REQUEST,
    QUERY "query" BAD_REQUEST,
    BODY "body" BAD_REQUEST,
    TOO_LARGE "too-large" PAYLOAD_TOO_LARGE,
    MEDIA_TYPE "media-type" UNSUPPORTED_MEDIA_TYPE,
    ROUTE "route" NOT_FOUND,
    METHOD "method" METHOD_NOT_ALLOWED,
    SIGN_IN "sign-in" UNAUTHORIZED,
    TOKEN "token" UNAUTHORIZED,
    TOO_MANY "too-many" TOO_MANY_REQUESTS,
    CODE "code" NOT_FOUND,
    FILE_EMPTY "file-empty" UNPROCESSABLE_ENTITY,
    FILE_NOT_PHOTO "file-not-photo" UNSUPPORTED_MEDIA_TYPE,
    FILE_NOT_TAKEN "file-not-taken" UNSUPPORTED_MEDIA_TYPE,
    SHEET "sheet" UNPROCESSABLE_ENTITY,
    FILE_DISK "file-disk" INSUFFICIENT_STORAGE,
    BROKEN "broken" INTERNAL_SERVER_ERROR,
}

/// Kinds that come from rules and from the service, with their statuses.
pub const TOLD: &[(&str, u16)] = &[
    ("fields", 422),
    ("no-right", 403),
    ("wrong-state", 409),
    ("need", 422),
    ("clash", 409),
    ("stale", 409),
    ("no-record", 404),
    ("no-such", 404),
    ("reused", 409),
    ("still-needed", 409),
    ("nothing-personal", 409),
    ("old-version", 422),
    ("circle", 500),
    ("full", 507),
    ("away", 503),
    ("store", 503),
    ("clock", 503),
    ("busy", 503),
    ("not-found", 404),
    ("signed-out", 401),
];

impl Problem {
    /// One of the API's own problems.
    pub fn own(lang: Lang, kind: &Kind) -> Problem {
        let title = t(lang, &format!("api-{}-title", kind.slug)).into_owned();
        let detail = t(lang, &format!("api-{}-text", kind.slug)).into_owned();
        Problem::new(lang, kind.slug, kind.status, title, detail)
    }

    fn new(lang: Lang, slug: &str, status: StatusCode, title: String, detail: String) -> Problem {
        let wait = match status {
            StatusCode::SERVICE_UNAVAILABLE => Some(1),
            StatusCode::TOO_MANY_REQUESTS => Some(60),
            _ => None,
        };
        Problem {
            kind: format!("{KINDS}{slug}"),
            title,
            status: status.as_u16(),
            detail,
            faults: Vec::new(),
            clause: None,
            position: None,
            reason: None,
            record: None,
            revision: None,
            lang,
            wait,
        }
    }

    /// Faults of the request's own members (not of a mechanism's fields).
    pub fn member(lang: Lang, field: &str, code: &'static str) -> Problem {
        Problem::members(lang, &[(field, code, &format!("api-member-{code}"))])
    }

    /// Faults of the request's own members: each with its code and the key of its words.
    pub fn members(lang: Lang, faults: &[(&str, &'static str, &str)]) -> Problem {
        let refusal = words::refusal_words(lang, &Refusal::Fields(Vec::new()));
        let mut problem = Problem::new(lang, "fields", refusal.status, refusal.title, refusal.words);
        problem.faults.extend(faults.iter().map(|(field, code, key)| FaultShape {
            field: (*field).to_owned(),
            code,
            message: t(lang, key).into_owned(),
        }));
        problem
    }

    /// A failure of a use case. `mechanism` gives the bounds of its fields their words.
    pub fn failure(
        lang: Lang,
        failure: &Failure,
        state: Option<&State>,
        mechanism: Option<&Mechanism>,
    ) -> Problem {
        let told = match (failure, state) {
            (Failure::Refused(refusal), Some(state)) => words::refusal_words_in(lang, refusal, state),
            _ => words::failure_words(lang, failure),
        };
        if let Failure::Store(error) = failure {
            tracing::error!(%error, "the database failed a request");
        }
        let mut problem = Problem::new(lang, slug(failure), told.status, told.title, told.words);
        problem.clause = told.clause.map(|(text, href)| ClauseShape { text, href });
        match failure {
            Failure::Refused(Refusal::Fields(faults)) => {
                problem.faults = faults.iter().map(|fault| shape(lang, fault, mechanism)).collect();
            }
            Failure::Refused(Refusal::Clash { other: Some((id, _)), .. }) => {
                problem.record = Some(id.to_string())
            }
            Failure::Refused(Refusal::Stale { now, .. }) => problem.revision = Some(*now),
            _ => {}
        }
        problem
    }

    /// A file that was not kept.
    pub fn file(lang: Lang, fault: &FileFault) -> Problem {
        let kind = match fault {
            FileFault::TooLarge => &TOO_LARGE,
            FileFault::Empty => &FILE_EMPTY,
            FileFault::NotPhoto => &FILE_NOT_PHOTO,
            FileFault::NotTaken => &FILE_NOT_TAKEN,
            FileFault::Disk(why) => {
                tracing::error!(why, "a file could not be kept");
                &FILE_DISK
            }
        };
        Problem::own(lang, kind)
    }

    /// JSON that could not be read, with the place where it breaks off.
    pub fn json(lang: Lang, error: &serde_json::Error) -> Problem {
        let kind = match error.classify() {
            serde_json::error::Category::Data => &JSON_SHAPE,
            _ => &JSON_SYNTAX,
        };
        let mut problem = Problem::own(lang, kind);
        let (line, column) = (error.line(), error.column());
        let at = |n: usize| FluentValue::from(i64::try_from(n).unwrap_or(i64::MAX));
        let key = format!("api-{}-at", kind.slug);
        problem.detail = t_with(lang, &key, [("line", at(line)), ("column", at(column))]);
        problem.position = Some(Position { line, column });
        problem.reason = Some(error.to_string());
        problem
    }

    /// The same with a developer's reason.
    pub fn because(mut self, reason: impl Into<String>) -> Problem {
        self.reason = Some(reason.into());
        self
    }

    /// A refusal for want of a right, told to somebody who has not signed in: signing in may help.
    pub fn unsigned(mut self) -> Problem {
        self.status = StatusCode::UNAUTHORIZED.as_u16();
        self
    }
}

/// The stable name of a failure.
fn slug(failure: &Failure) -> &'static str {
    match failure {
        Failure::Refused(refusal) => match refusal {
            Refusal::Fields(_) => "fields",
            Refusal::NoRight { .. } => "no-right",
            Refusal::WrongState { .. } => "wrong-state",
            Refusal::Need { .. } => "need",
            Refusal::Clash { .. } => "clash",
            Refusal::Stale { .. } => "stale",
            Refusal::NoRecord => "no-record",
            Refusal::NoSuch { .. } => "no-such",
            Refusal::CommandReused => "reused",
            Refusal::StillNeeded { .. } => "still-needed",
            Refusal::NothingPersonal => "nothing-personal",
            Refusal::OldVersion { .. } => "old-version",
            Refusal::Circle { .. } => "circle",
        },
        Failure::Store(StoreError::Full) => "full",
        Failure::Store(StoreError::Away(_)) => "away",
        Failure::Store(_) => "store",
        Failure::Clock { .. } => "clock",
        Failure::Busy => "busy",
        Failure::NotFound => "not-found",
        Failure::SignedOut => "signed-out",
    }
}

fn shape(lang: Lang, fault: &FieldFault, mechanism: Option<&Mechanism>) -> FaultShape {
    let message = match mechanism.and_then(|mechanism| mechanism.field_at(&fault.field)) {
        Some(field) => words::field_fault_words(lang, field, &fault.fault),
        None => words::fault_words(lang, &fault.fault),
    };
    FaultShape { field: fault.field.clone(), code: fault.fault.code(), message }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(self.lang.tag()));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"gongzhi\""));
        }
        if let Some(wait) = self.wait {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
        response
    }
}

/// Documents that an operation may answer with problems of these statuses.
fn documented(statuses: &[u16]) -> BTreeMap<String, RefOr<Documented>> {
    let one = |status: &u16| {
        let name = StatusCode::from_u16(*status).ok().and_then(|status| status.canonical_reason());
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let response =
            ResponseBuilder::new().description(name.unwrap_or_default()).content(MEDIA, content).build();
        (status.to_string(), RefOr::T(response))
    };
    statuses.iter().map(one).collect()
}

macro_rules! documents {
    ($($(#[$doc:meta])* $name:ident [$($status:literal)*]),* $(,)?) => {$(
        $(#[$doc])*
        pub struct $name;
        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Documented>> {
                documented(&[$($status),*])
            }
        }
    )*};
}

documents! {
    /// What anybody's reading may meet.
    PublicProblems [400 404 500 503],
    /// What reading by staff may meet.
    StaffProblems [400 401 404 500 503],
    /// What a command may meet.
    CommandProblems [400 401 403 404 409 413 415 422 500 503 507],
    /// What following by a receipt code may meet.
    FollowProblems [400 404 429 500 503],
    /// What a holder's command may meet.
    HolderProblems [400 403 404 409 413 415 422 429 500 503 507],
    /// What signing in may meet.
    SignInProblems [400 401 413 415 429 500 503],
    /// What an upload may meet.
    FileProblems [400 401 413 415 422 429 500 503 507],
}

#[cfg(test)]
mod tests {
    use super::*;
    use gongzhi_base::{RecordId, Words};
    use gongzhi_lang::model::Clause;

    #[test]
    fn every_failure_has_the_status_that_is_told() {
        let (step, clause) = (Words::new("受理", "Accept"), Clause::default());
        let refusals = [
            Refusal::Fields(Vec::new()),
            Refusal::NoRight { step: step.clone(), who: Vec::new(), clause: clause.clone() },
            Refusal::WrongState { step: step.clone(), state: step.clone(), clause: clause.clone() },
            Refusal::Need { words: step.clone(), clause: clause.clone() },
            Refusal::Clash { words: step.clone(), clause, other: Some((RecordId([1; 16]), "W1".into())) },
            Refusal::Stale { seen: 1, now: 2, changed: gongzhi_base::Timestamp(0) },
            Refusal::NoRecord,
            Refusal::NoSuch { what: "x".into() },
            Refusal::CommandReused,
            Refusal::StillNeeded { state: step },
            Refusal::NothingPersonal,
            Refusal::OldVersion { mechanism: "x".into(), next: 2 },
            Refusal::Circle { step: "x".into() },
        ];
        let others = [
            Failure::Store(StoreError::Full),
            Failure::Store(StoreError::Away("gone".into())),
            Failure::Store(StoreError::Conflict),
            Failure::Clock { minutes: 11 },
            Failure::Busy,
            Failure::NotFound,
            Failure::SignedOut,
        ];
        let failures = refusals.into_iter().map(Failure::Refused).chain(others);
        for (failure, (kind, status)) in failures.zip(TOLD) {
            for lang in Lang::ALL {
                let problem = Problem::failure(lang, &failure, None, None);
                assert_eq!(
                    (problem.kind.as_str(), problem.status),
                    (format!("{KINDS}{kind}").as_str(), *status)
                );
                assert!(!problem.title.is_empty() && !problem.detail.is_empty(), "{failure:?}");
            }
        }
    }

    #[test]
    fn every_problem_of_the_api_has_words() {
        for kind in OWN {
            for lang in Lang::ALL {
                let problem = Problem::own(lang, kind);
                assert!(
                    !problem.title.starts_with("api-") && !problem.detail.starts_with("api-"),
                    "{}",
                    kind.slug
                );
            }
        }
    }

    #[test]
    fn what_may_work_later_says_when() {
        let busy = Problem::failure(Lang::En, &Failure::Busy, None, None).into_response();
        assert_eq!(busy.headers()[header::RETRY_AFTER], "1");
        assert_eq!(busy.headers()[header::CONTENT_TYPE], MEDIA);
    }
}
