//! What a receipt proves, or why it proves nothing, and how a verification of the log ended, in words.
//! The page in the browser says the same.

use gongzhi_base::{Value, Zone};
use gongzhi_kernel::chain::What;
use gongzhi_kernel::event::StepTaken;
pub use gongzhi_kernel::note::root_text;
use gongzhi_kernel::receipt::{Compact, Fault, Receipt, Seen, Verified};
use gongzhi_kernel::{Acted, Deed, Event};
use gongzhi_service::audit::Outcome;
use gongzhi_service::receipt::{Reading, ReceiptFile, plain};
use serde_json::{Value as Json, json};

use crate::i18n::{Lang, t, t_args};
use crate::view::format;
use fluent_bundle::FluentArgs;

/// Reads a receipt in any form that people have: its file, the address in its QR code, or the digits
/// of that. `None` when it is none.
pub fn read(text: &str) -> Option<(Receipt, Reading)> {
    let text = text.trim();
    let digits = text.rsplit_once('#').map_or(text, |(_, digits)| digits);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let reading = Reading { zone: Zone::CHINA.minutes, ..Reading::default() };
        return Some((Compact::read(digits)?.receipt()?, reading));
    }
    let file = ReceiptFile::read(text)?;
    Some((file.receipt()?, file.reading))
}

/// A fault's name for programs, and what its words speak of.
fn parts(fault: &Fault) -> (&'static str, String, String) {
    let none = String::new;
    match fault {
        Fault::Checkpoint => ("checkpoint", none(), none()),
        Fault::Foreign { found, expected } => ("foreign", found.clone(), expected.clone()),
        Fault::NoKey => ("no-key", none(), none()),
        Fault::UnknownKey => ("unknown-key", none(), none()),
        Fault::Forged => ("forged", none(), none()),
        Fault::KeyRange { size, from, to } => {
            let to = to.map_or(String::new(), |to| to.to_string());
            ("key-range", size.to_string(), format!("{from}–{to}"))
        }
        Fault::Empty => ("empty", none(), none()),
        Fault::Header { seq } => ("header", seq.to_string(), none()),
        Fault::Record { seq } => ("record", seq.to_string(), none()),
        Fault::Gap { seq } => ("gap", seq.to_string(), none()),
        Fault::NotInLog { seq } => ("not-in-log", seq.to_string(), none()),
        Fault::Body { seq } => ("body", seq.to_string(), none()),
        Fault::Before { seq } => ("before", seq.to_string(), none()),
        Fault::Time { seq } => ("time", seq.to_string(), none()),
        Fault::Rewritten { size } => ("rewritten", size.to_string(), none()),
        Fault::Incomparable { size, own } => ("incomparable", size.to_string(), own.to_string()),
    }
}

/// A fault's name for programs.
pub fn fault_name(fault: &Fault) -> &'static str {
    parts(fault).0
}

/// A fault in words.
pub fn fault_words(lang: Lang, fault: &Fault) -> String {
    let (name, x, y) = parts(fault);
    let mut args = FluentArgs::new();
    args.set("x", x);
    args.set("y", y);
    t_args(lang, &format!("receipt-fault-{name}"), &args)
}

fn with(lang: Lang, key: &str, x: &str) -> String {
    let mut args = FluentArgs::new();
    args.set("x", x.to_owned());
    t_args(lang, key, &args)
}

/// What is proven, for people: a few lines of facts, then the entries.
pub fn told(lang: Lang, proven: &Verified, reading: &Reading) -> String {
    let mut out = format!("{}\n", t(lang, "verify-good"));
    let mut fact = |key: &str, value: &str| out.push_str(&format!("  {}: {}\n", t(lang, key), plain(value)));
    fact("verify-log", &proven.checkpoint.origin);
    fact("verify-size", &proven.checkpoint.size.to_string());
    for key in &proven.signers {
        fact("verify-signed", &key.to_string());
    }
    fact("verify-record", &proven.record.to_string());
    match proven.after {
        Some(after) => fact("verify-after", &with(lang, "verify-after-text", &reading.time(after))),
        None if proven.entries.first().is_some_and(|first| first.seq > 0) => {
            out.push_str(&format!("  {}\n", t(lang, "verify-after-none")));
        }
        None => {}
    }
    let keys = if proven.own_keys { "receipt-told-keys-own" } else { "receipt-told-keys-given" };
    out.push_str(&format!("  {}\n", t(lang, keys)));
    if let Some(since) = proven.since {
        out.push_str(&format!("  {}\n", with(lang, "verify-since", &since.to_string())));
    }
    out.push_str(&format!("{}\n", t(lang, "verify-entries")));
    for entry in &proven.entries {
        out.push_str(&told_entry(lang, entry, reading));
    }
    out.push_str(&format!("{}\n{}\n", t(lang, "verify-names"), t(lang, "verify-not")));
    for key in ["verify-not-true", "verify-not-time", "verify-not-fork"] {
        out.push_str(&format!("  {}\n", t(lang, key)));
    }
    out
}

/// What a receipt holds, unchecked, in the same form.
pub fn shown(lang: Lang, receipt: &Receipt, reading: &Reading) -> String {
    use gongzhi_base::canon::Canon as _;
    let mut out = format!("{}\n", t(lang, "receipt-shown"));
    for line in receipt.checkpoint.to_string().lines() {
        out.push_str(&format!("{}\n", plain(line)));
    }
    for key in &receipt.keys {
        out.push_str(&format!("{}\n", plain(&key.to_string())));
    }
    for entry in &receipt.entries {
        let Ok(header) = gongzhi_kernel::chain::Header::from_bytes(&entry.header) else { continue };
        let event = entry.body.as_ref().and_then(|(_, body)| Event::from_bytes(body).ok());
        let seen = Seen { seq: entry.seq, at: header.at, revision: header.revision, event };
        out.push_str(&told_entry(lang, &seen, reading));
    }
    out
}

fn told_entry(lang: Lang, entry: &Seen, reading: &Reading) -> String {
    let when = reading.time(entry.at);
    let head = format!("  {} · {when}", with(lang, "verify-entry", &entry.seq.to_string()));
    let Some(event) = &entry.event else {
        return format!("{head} · {}\n", t(lang, "verify-hidden"));
    };
    let by = match &event.by {
        Acted::Public | Acted::Holder => "verify-by-public",
        Acted::Person { .. } => "verify-by-person",
        Acted::System => "verify-by-system",
    };
    let mut out = format!("{head} · {} · {}\n", deed(lang, &event.deed, reading), t(lang, by));
    match &event.deed {
        Deed::Step(taken) => out.push_str(&fields(lang, taken, reading)),
        Deed::Erased { reason, .. } if !reason.is_empty() => {
            out.push_str(&format!("    {}: {}\n", t(lang, "verify-erased-why"), plain(reason)));
        }
        _ => {}
    }
    out
}

/// A code that the log holds, with the receipt's own name for it behind.
fn named(lang: Lang, code: &str, reading: &Reading) -> String {
    match reading.name(code, lang == Lang::Zh) {
        Some(name) => format!("{code} 〔{name}〕"),
        None => plain(code),
    }
}

fn deed(lang: Lang, deed: &Deed, reading: &Reading) -> String {
    match deed {
        Deed::Step(taken) => named(lang, &taken.step, reading),
        Deed::Passed { deadline, .. } => with(lang, "verify-passed-late", &named(lang, deadline, reading)),
        Deed::Part(news) => named(lang, &news.part.mechanism, reading),
        Deed::Left(left) => named(lang, &left.mechanism, reading),
        Deed::Look { fields, .. } => plain(&fields.join(", ")),
        Deed::Erased { fields, .. } => {
            let fields: Vec<String> = fields.iter().map(|name| named(lang, name, reading)).collect();
            with(lang, "verify-erased", &fields.join(", "))
        }
    }
}

fn fields(lang: Lang, taken: &StepTaken, reading: &Reading) -> String {
    let number = taken.opening.as_ref().map(|opening| format!("    {}\n", plain(&opening.number)));
    // What people told first, in the order of the form.
    let told = reading.asked.iter().filter_map(|name| taken.set.get_key_value(name));
    let others = taken.set.iter().filter(|(name, _)| !reading.asked.contains(name));
    let fields = told.chain(others).filter_map(|(name, value)| {
        Some(format!("    {}: {}\n", named(lang, name, reading), value_words(value)?))
    });
    number.into_iter().chain(fields).collect()
}

/// A value as it stands in the log, without names: it may be what somebody wrote. Sealed ones say nothing.
fn value_words(value: &Value) -> Option<String> {
    Some(match value {
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Text(text) => plain(text),
        Value::Date(date) => date.to_string(),
        Value::Time(time) => time.rfc3339(),
        Value::Point(point) => format!("{:.6}, {:.6}", point.degrees().0, point.degrees().1),
        Value::File(file) => format!("{} ({})", plain(&file.name), file.digest),
        Value::Record(id) => id.to_string(),
        Value::List(items) => items.iter().filter_map(value_words).collect::<Vec<_>>().join(", "),
        Value::Span(_) | Value::Row(_) | Value::Sealed(_) => return None,
    })
}

/// What is proven, for programs.
pub fn proven_json(proven: &Verified) -> Json {
    let entry = |entry: &Seen| {
        let step = entry.event.as_ref().and_then(|event| match &event.deed {
            Deed::Step(taken) => Some(taken.step.clone()),
            _ => None,
        });
        json!({ "seq": entry.seq, "at": entry.at.rfc3339(), "revision": entry.revision,
            "shown": entry.event.is_some(), "step": step })
    };
    json!({
        "proves": true,
        "log": proven.checkpoint.origin,
        "size": proven.checkpoint.size,
        "root": proven.checkpoint.root.to_string(),
        "record": proven.record.to_string(),
        "signers": proven.signers.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "own_keys": proven.own_keys,
        "since": proven.since,
        "after": proven.after.map(|after| after.rfc3339()),
        "entries": proven.entries.iter().map(entry).collect::<Vec<_>>(),
    })
}

/// Why nothing is proven, for programs; without a fault the receipt could not be read.
pub fn fault_json(lang: Lang, fault: Option<&Fault>) -> Json {
    let (name, words) = match fault {
        Some(fault) => (fault_name(fault), fault_words(lang, fault)),
        None => ("unreadable", t(lang, "receipt-fault-unreadable").into_owned()),
    };
    json!({ "proves": false, "fault": name, "words": words })
}

/// How a verification ended, in words.
pub fn audit_words(lang: Lang, outcome: &Outcome) -> String {
    let (key, x, y) = match outcome {
        Outcome::Sound { entries, size, root } => {
            let mut args = FluentArgs::new();
            args.set("n", format::number(*entries as i64));
            args.set("size", format::number(*size as i64));
            args.set("root", root_text(root));
            return t_args(lang, "audit-sound", &args);
        }
        Outcome::Nothing => ("audit-nothing", String::new(), String::new()),
        Outcome::Broken { seq, what } => {
            let key = match what {
                What::Sequence => "audit-broken-sequence",
                What::Chain => "audit-broken-chain",
                What::Body => "audit-broken-body",
                What::Time => "audit-broken-time",
                What::Revision => "audit-broken-revision",
            };
            (key, seq.to_string(), String::new())
        }
        Outcome::NotInLog { seq } => ("audit-not-in-log", seq.to_string(), String::new()),
        Outcome::Node { level, index } => ("audit-node", level.to_string(), index.to_string()),
        Outcome::Root => ("audit-root", String::new(), String::new()),
        Outcome::End { found, stored } => {
            ("audit-end", format::number(*found as i64), format::number(*stored as i64))
        }
        Outcome::Failed(error) => ("audit-failed", error.to_string(), String::new()),
    };
    let mut args = FluentArgs::new();
    args.set("x", x);
    args.set("y", y);
    t_args(lang, key, &args)
}

/// The same for programs.
pub fn audit_json(outcome: &Outcome) -> Json {
    match outcome {
        Outcome::Sound { entries, size, root } => {
            json!({ "verifies": true, "entries": entries, "size": size, "root": root_text(root) })
        }
        Outcome::Nothing => json!({ "verifies": false, "fault": "nothing" }),
        Outcome::Broken { seq, what } => {
            let fault = match what {
                What::Sequence => "sequence",
                What::Chain => "chain",
                What::Body => "body",
                What::Time => "time",
                What::Revision => "revision",
            };
            json!({ "verifies": false, "fault": fault, "seq": seq })
        }
        Outcome::NotInLog { seq } => json!({ "verifies": false, "fault": "not-in-log", "seq": seq }),
        Outcome::Node { level, index } => {
            json!({ "verifies": false, "fault": "node", "level": level, "index": index })
        }
        Outcome::Root => json!({ "verifies": false, "fault": "root" }),
        Outcome::End { found, stored } => {
            json!({ "verifies": false, "fault": "end", "found": found, "stored": stored })
        }
        Outcome::Failed(error) => {
            json!({ "verifies": false, "fault": "database", "words": error.to_string() })
        }
    }
}
