//! Faults, refusals and failures in the reader's words. Pages and API both take them from here.

use axum::http::StatusCode;
use fluent_bundle::FluentValue;
use gongzhi_base::Words;
use gongzhi_kernel::{Fault, Refusal};
use gongzhi_lang::model::{Clause, Field, Type, Who};
use gongzhi_service::{Failure, State};
use gongzhi_store::StoreError;

use crate::i18n::{Lang, t, t_with};

/// A refusal as it is told to a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefusalText {
    /// A few words for the heading.
    pub title: String,
    /// What is wrong and what to do.
    pub words: String,
    /// The clause it rests on: what it is called and where it is read.
    pub clause: Option<(String, String)>,
    /// The record in the way, where the person may read it: its number and its page.
    pub other: Option<(String, String)>,
    pub status: StatusCode,
}

/// Words given in both languages, in the language of the page.
pub fn say(lang: Lang, words: &Words) -> String {
    let lang = match lang {
        Lang::Zh => gongzhi_base::Lang::Zh,
        Lang::En => gongzhi_base::Lang::En,
    };
    words.get(lang).to_owned()
}

/// What a clause is called and where it is read; `None` for a rule without a document.
///
/// Chinese pages name the heading. Headings that hold both languages give English pages theirs;
/// numbered Chinese headings become `Clause 3`.
pub fn clause_link(lang: Lang, clause: &Clause) -> Option<(String, String)> {
    if clause.document.is_empty() {
        return None;
    }
    let href = format!("/help/{}#{}", clause.document, clause.anchor);
    let label = match (lang, heading_number(&clause.heading)) {
        (Lang::En, Some(n)) if !clause.heading.contains(" · ") => {
            t_with(lang, "clause-number", [("n", FluentValue::from(n))])
        }
        _ => say(lang, &gongzhi_lang::literate::title_words(&clause.heading)),
    };
    Some((label, href))
}

/// The number of a heading such as `十二、协办单` or `3. Parts`.
fn heading_number(heading: &str) -> Option<u32> {
    let (head, _) = heading.split_once(['、', '.'])?;
    if let Ok(number) = head.trim().parse() {
        return Some(number);
    }
    let digit = |c: char| "一二三四五六七八九".chars().position(|known| known == c).map(|at| at as u32 + 1);
    let chars: Vec<char> = head.trim().chars().collect();
    match chars.as_slice() {
        ['十'] => Some(10),
        ['十', one] => Some(10 + digit(*one)?),
        [ten, '十'] => Some(10 * digit(*ten)?),
        [ten, '十', one] => Some(10 * digit(*ten)? + digit(*one)?),
        [one] => digit(*one),
        _ => None,
    }
}

/// What is wrong with a field, not knowing which field.
pub fn fault_words(lang: Lang, fault: &Fault) -> String {
    let n = |key, n: &i64| t_with(lang, key, [("n", FluentValue::from(*n))]);
    let x = |key, x: &str| t_with(lang, key, [("x", FluentValue::from(x))]);
    match fault {
        Fault::Missing => t(lang, "fault-missing").into_owned(),
        Fault::TooShort(least) => n("fault-too-short", least),
        Fault::TooLong(most) => n("fault-too-long", most),
        Fault::NotNumber => t(lang, "fault-not-number").into_owned(),
        Fault::NotDate => t(lang, "fault-not-date").into_owned(),
        Fault::NotSpan => t(lang, "fault-not-span").into_owned(),
        Fault::NotBool => t(lang, "fault-not-bool").into_owned(),
        Fault::NotPoint => t(lang, "fault-not-point").into_owned(),
        Fault::NotOffered(text) => x("fault-not-offered", text),
        Fault::NoPlace(text) => x("fault-no-place", text),
        Fault::WrongLevel => t(lang, "fault-wrong-level").into_owned(),
        Fault::NoUnit(text) => x("fault-no-unit", text),
        Fault::NoPerson(text) => x("fault-no-person", text),
        Fault::NotInUnit(text) => x("fault-not-in-unit", text),
        Fault::NoEntry(text) => x("fault-no-entry", text),
        Fault::CodeTaken(code) => x("fault-code-taken", code),
        Fault::NoRecord(text) => x("fault-no-record", text),
        Fault::NotFile => t(lang, "fault-not-file").into_owned(),
        Fault::NotPhoto => t(lang, "fault-not-photo").into_owned(),
        Fault::NotAsked => t(lang, "fault-not-asked").into_owned(),
        Fault::BadText => t(lang, "fault-bad-text").into_owned(),
        Fault::NotMonth => t(lang, "fault-not-month").into_owned(),
        Fault::NotRows => t(lang, "fault-not-rows").into_owned(),
        Fault::NoRow(entry) => x("fault-no-row", entry),
        Fault::RowTwice(entry) => x("fault-row-twice", entry),
        Fault::EndsBefore => t(lang, "fault-ends-before").into_owned(),
        Fault::TooManyDays(most) => n("fault-too-many-days", most),
    }
}

/// What is wrong with this field: bounds are told in characters, items or as numbers.
pub fn field_fault_words(lang: Lang, field: &Field, fault: &Fault) -> String {
    let kind = match &field.ty {
        Type::List(_) => "items",
        Type::Rows(_) => "rows",
        Type::Int if field.amount => "amount",
        Type::Int => "number",
        _ => "text",
    };
    let told = |key: &str, n: i64| {
        let shown = if field.amount { crate::view::format::yuan(n) } else { n.to_string() };
        let pairs = [("n", FluentValue::from(n)), ("x", FluentValue::from(shown))];
        t_with(lang, &format!("fault-{key}-{kind}"), pairs)
    };
    match fault {
        Fault::TooShort(least) => told("least", *least),
        Fault::TooLong(most) => told("most", *most),
        Fault::Missing if matches!(field.ty, Type::Choice(_) | Type::Entry(_) | Type::Place | Type::Unit) => {
            t(lang, "fault-missing-choice").into_owned()
        }
        fault => fault_words(lang, fault),
    }
}

/// A refusal in words, without the names of those who may.
pub fn refusal_words(lang: Lang, refusal: &Refusal) -> RefusalText {
    refusal_words_among(lang, refusal, "")
}

/// A refusal in words; one for want of a right names who may, as the county's documents call them.
pub fn refusal_words_in(lang: Lang, refusal: &Refusal, state: &State) -> RefusalText {
    match refusal {
        Refusal::NoRight { who, .. } => refusal_words_among(lang, refusal, &who_words(lang, who, state)),
        _ => refusal_words(lang, refusal),
    }
}

fn refusal_words_among(lang: Lang, refusal: &Refusal, who: &str) -> RefusalText {
    let xy =
        |key, x: &str, y: &str| t_with(lang, key, [("x", FluentValue::from(x)), ("y", FluentValue::from(y))]);
    let plain = |key: &str| t(lang, key).into_owned();
    let (key, status, words, clause) = match refusal {
        Refusal::Fields(_) => {
            ("fields", StatusCode::UNPROCESSABLE_ENTITY, plain("refusal-fields-text"), None)
        }
        Refusal::NoRight { step, clause, .. } => {
            let step = say(lang, step);
            let words = match who {
                "" => xy("refusal-no-right-text", &step, ""),
                who => xy("refusal-no-right-who", &step, who),
            };
            ("no-right", StatusCode::FORBIDDEN, words, Some(clause))
        }
        Refusal::WrongState { step, state, clause } => {
            let words = xy("refusal-wrong-state-text", &say(lang, step), &say(lang, state));
            ("wrong-state", StatusCode::CONFLICT, words, Some(clause))
        }
        Refusal::Need { words, clause } => {
            ("need", StatusCode::UNPROCESSABLE_ENTITY, sentence(lang, say(lang, words)), Some(clause))
        }
        Refusal::Clash { words, clause, other } => {
            let said = sentence(lang, say(lang, words));
            let words = match other {
                Some((_, number)) if !number.is_empty() => xy("refusal-clash-other", &said, number),
                _ => said,
            };
            ("clash", StatusCode::CONFLICT, words, Some(clause))
        }
        Refusal::Stale { .. } => ("stale", StatusCode::CONFLICT, plain("refusal-stale-text"), None),
        Refusal::NoRecord => ("no-record", StatusCode::NOT_FOUND, plain("refusal-no-record-text"), None),
        Refusal::NoSuch { what } => {
            ("no-such", StatusCode::NOT_FOUND, xy("refusal-no-such-text", what, ""), None)
        }
        Refusal::CommandReused => ("reused", StatusCode::CONFLICT, plain("refusal-reused-text"), None),
        Refusal::StillNeeded { state } => {
            let words = xy("refusal-still-needed-text", &say(lang, state), "");
            ("still-needed", StatusCode::CONFLICT, words, None)
        }
        Refusal::NothingPersonal => {
            ("nothing-personal", StatusCode::CONFLICT, plain("refusal-nothing-personal-text"), None)
        }
        Refusal::OldVersion { mechanism, next } => {
            let words = xy("refusal-old-version-text", mechanism, &next.to_string());
            ("old-version", StatusCode::UNPROCESSABLE_ENTITY, words, None)
        }
        Refusal::Circle { step } => {
            ("circle", StatusCode::INTERNAL_SERVER_ERROR, xy("refusal-circle-text", step, ""), None)
        }
    };
    RefusalText {
        title: plain(&format!("refusal-{key}-title")),
        words,
        clause: clause.and_then(|clause| clause_link(lang, clause)),
        other: match refusal {
            Refusal::Clash { other: Some((id, number)), .. } => Some((
                t_with(lang, "refusal-clash-open", [("x", number.as_str().into())]),
                format!("/desk/r/{id}"),
            )),
            _ => None,
        },
        status,
    }
}

/// A document's words as a sentence: they begin in lower case and end without a stop.
fn sentence(lang: Lang, words: String) -> String {
    let mut chars = words.chars();
    let Some(first) = chars.next() else { return words };
    let stop = t(lang, "full-stop");
    let ended = words.ends_with(['.', '。', '!', '！', '?', '？']);
    let end = if ended { "" } else { stop.trim() };
    format!("{}{}{end}", first.to_uppercase(), chars.as_str())
}

/// Who may, in words: roles of the county's posts, residents, holders of the code.
pub fn who_words(lang: Lang, who: &[Who], state: &State) -> String {
    let role = |name: &str| match state.world.role(name) {
        Some(role) => say(lang, &role.words),
        None => name.to_owned(),
    };
    let mut names: Vec<String> = Vec::new();
    for who in who {
        let name = match who {
            Who::Anyone => t(lang, "who-anyone").into_owned(),
            Who::Holder => t(lang, "who-holder").into_owned(),
            Who::System => t(lang, "who-system").into_owned(),
            Who::Role(name) | Who::RoleOf { role: name, .. } => role(name),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(&t(lang, "list-comma"))
}

/// A failure in words. Those of the database are for the operator: they go to the log, not here.
pub fn failure_words(lang: Lang, failure: &Failure) -> RefusalText {
    let status = match failure {
        Failure::Refused(refusal) => return refusal_words(lang, refusal),
        Failure::Store(StoreError::Full) => StatusCode::INSUFFICIENT_STORAGE,
        Failure::Store(StoreError::Corrupt(_)) => StatusCode::INTERNAL_SERVER_ERROR,
        Failure::Store(_) | Failure::Clock { .. } | Failure::Busy => StatusCode::SERVICE_UNAVAILABLE,
        Failure::NotFound => StatusCode::NOT_FOUND,
        Failure::SignedOut => StatusCode::UNAUTHORIZED,
    };
    let key = match failure {
        Failure::Store(StoreError::Full) => "full",
        Failure::Store(StoreError::Away(_)) => "away",
        Failure::Store(_) => "store",
        Failure::Clock { .. } => "clock",
        Failure::Busy => "busy",
        Failure::NotFound => "not-found",
        _ => "signed-out",
    };
    RefusalText {
        title: t(lang, &format!("failure-{key}-title")).into_owned(),
        words: t(lang, &format!("failure-{key}-text")).into_owned(),
        clause: None,
        other: None,
        status,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gongzhi_base::Timestamp;

    fn every_fault() -> Vec<Fault> {
        let x = || "阳庄".to_owned();
        vec![
            Fault::Missing,
            Fault::TooShort(4),
            Fault::TooLong(9),
            Fault::NotNumber,
            Fault::NotDate,
            Fault::NotSpan,
            Fault::NotBool,
            Fault::NotPoint,
            Fault::NotOffered(x()),
            Fault::NoPlace(x()),
            Fault::WrongLevel,
            Fault::NoUnit(x()),
            Fault::NoPerson(x()),
            Fault::NotInUnit(x()),
            Fault::NoEntry(x()),
            Fault::CodeTaken(x()),
            Fault::NoRecord(x()),
            Fault::NotFile,
            Fault::NotPhoto,
            Fault::NotAsked,
            Fault::BadText,
            Fault::EndsBefore,
            Fault::TooManyDays(400),
        ]
    }

    /// Text that is a key has no words behind it.
    fn has_words(text: &str) {
        for prefix in ["fault-", "refusal-", "failure-"] {
            assert!(!text.starts_with(prefix) && !text.is_empty(), "no words: {text}");
        }
    }

    #[test]
    fn every_fault_has_words_in_both_languages() {
        for lang in Lang::ALL {
            for fault in every_fault() {
                has_words(&fault_words(lang, &fault));
            }
        }
    }

    #[test]
    fn every_refusal_and_failure_has_words_in_both_languages() {
        let clause = || Clause { document: "a".into(), heading: "三、受理".into(), ..Clause::default() };
        let words = || Words::new("受理", "accept");
        let refusals = [
            Refusal::Fields(Vec::new()),
            Refusal::NoRight { step: words(), who: vec![Who::Holder], clause: clause() },
            Refusal::WrongState { step: words(), state: words(), clause: clause() },
            Refusal::Need { words: words(), clause: clause() },
            Refusal::Clash {
                words: words(),
                clause: clause(),
                other: Some((gongzhi_base::RecordId([1; 16]), "W2026-1".into())),
            },
            Refusal::Clash { words: words(), clause: clause(), other: None },
            Refusal::Stale { seen: 1, now: 2, changed: Timestamp(0) },
            Refusal::NoRecord,
            Refusal::NoSuch { what: "x".into() },
            Refusal::CommandReused,
            Refusal::StillNeeded { state: words() },
            Refusal::NothingPersonal,
            Refusal::OldVersion { mechanism: "x".into(), next: 2 },
            Refusal::Circle { step: "x".into() },
        ];
        let failures = [
            Failure::Store(StoreError::Full),
            Failure::Store(StoreError::Away("gone".into())),
            Failure::Store(StoreError::Conflict),
            Failure::Clock { minutes: 11 },
            Failure::Busy,
            Failure::NotFound,
            Failure::SignedOut,
        ];
        for lang in Lang::ALL {
            for refusal in &refusals {
                let told = refusal_words(lang, refusal);
                has_words(&told.title);
                has_words(&told.words);
            }
            for failure in &failures {
                let told = failure_words(lang, failure);
                has_words(&told.title);
                has_words(&told.words);
            }
        }
    }

    #[test]
    fn clauses_are_named_in_the_reader_s_language() {
        let clause = Clause {
            document: "matter".into(),
            heading: "十二、协办单".into(),
            anchor: "十二协办单".into(),
            basis: String::new(),
        };
        let (zh, href) = clause_link(Lang::Zh, &clause).expect("has a document");
        assert_eq!((zh.as_str(), href.as_str()), ("十二、协办单", "/help/matter#十二协办单"));
        assert_eq!(clause_link(Lang::En, &clause).expect("has a document").0, "Clause 12");
        assert_eq!(clause_link(Lang::En, &Clause::default()), None);
        assert_eq!(heading_number("二十三、附则"), Some(23));
        assert_eq!(heading_number("附则"), None);
    }
}
