//! Publishing documents: a change is taken only when the whole library stays clean, and running records
//! keep the version on which they began.

use std::collections::BTreeMap;

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{RecordId, Value, Words};
use gongzhi_kernel::{Event, Laws, Record, Refusal};
use gongzhi_lang::model::{Clause, Library};
use gongzhi_lang::{Checked, DataFile, Source};
use gongzhi_store::{Batch, Ledger, StoreError};

use crate::failure::Failure;
use crate::load::DOCUMENTS;

/// Faults that a refusal tells; the checker tells all.
const TOLD: usize = 5;

/// The documents as a set of their records holds them.
type Documents = BTreeMap<RecordId, Record>;

/// Whether a batch changes a document.
pub(crate) fn publishes(batch: &Batch) -> bool {
    batch.records.iter().any(|stored| stored.projection.row.mechanism == DOCUMENTS)
}

/// The laws that these records of the register of documents publish: the newest versions, and every older
/// one that was in force.
pub(crate) fn laws(ledger: &dyn Ledger, documents: Vec<Record>) -> Result<Laws, StoreError> {
    let mut now = Documents::new();
    let mut changes: Vec<(u64, Record)> = Vec::new();
    for record in documents {
        if record.revision == 1 {
            now.insert(record.id, record);
            continue;
        }
        let mut form: Option<Record> = None;
        for entry in ledger.history(record.id)? {
            let seq = entry.header.seq;
            let fault = |why: String| StoreError::Corrupt(format!("entry {seq}: {why}"));
            let event = Event::from_bytes(&entry.body).map_err(|why| fault(why.to_string()))?;
            if event.revision > record.revision {
                break;
            }
            let next = Record::fold(form, &event)
                .map_err(|_| fault("it does not follow the record's entry before".into()))?;
            match event.revision {
                1 => drop(now.insert(next.id, next.clone())),
                _ => changes.push((seq, next.clone())),
            }
            form = Some(next);
        }
    }
    changes.sort_by_key(|(seq, _)| *seq);
    let mut laws: Option<Laws> = None;
    for (_, after) in changes {
        // Versions go out of force only where a document names other ones afterwards: most revisions
        // change words alone, and nothing has to be read again for them.
        if now.get(&after.id).is_none_or(|before| versions(before) != versions(&after)) {
            publish(&mut laws, library(&now));
        }
        now.insert(after.id, after);
    }
    publish(&mut laws, library(&now));
    Ok(laws.unwrap_or_default())
}

fn publish(laws: &mut Option<Laws>, library: Library) {
    match laws {
        Some(laws) => laws.publish(library),
        None => *laws = Some(Laws::new(library)),
    }
}

/// What a document says of mechanisms and versions, in its order.
fn versions(document: &Record) -> (String, Vec<String>) {
    let source = document.fields.get("source").and_then(Value::text).unwrap_or_default();
    let after = |key: &str, at: usize| {
        let rest = source[at + key.len()..].trim_start();
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, ',' | '}')).unwrap_or(rest.len());
        (at, format!("{key}{}", &rest[..end]))
    };
    let named = |key: &'static str| source.match_indices(key).map(move |(at, _)| after(key, at));
    let mut found: Vec<(usize, String)> = named("mechanism:").chain(named("version:")).collect();
    found.sort();
    (document.state.clone(), found.into_iter().map(|(_, text)| text).collect())
}

fn library(documents: &Documents) -> Library {
    let checked = check(documents, &gongzhi_lang::check);
    if !checked.is_clean() {
        // Only clean documents are published; a newer checker may find more in older ones.
        for diagnostic in &checked.diagnostics {
            tracing::warn!(code = diagnostic.code, path = %diagnostic.path, message = %diagnostic.message.en,
                "a published document has faults");
        }
    }
    checked.library
}

/// Checks those of the documents that are in force.
fn check(documents: &Documents, how: &dyn Fn(&[Source], &[DataFile]) -> Checked) -> Checked {
    let read = |gone: &[String]| {
        let (mut sources, mut data) = (Vec::new(), Vec::new());
        for record in documents.values().filter(|record| !gone.contains(&record.state)) {
            let text =
                |name: &str| record.fields.get(name).and_then(Value::text).unwrap_or_default().to_owned();
            let (code, source) = (text("code"), text("source"));
            match code.ends_with(".md") {
                true => sources.push(Source { path: code, text: source }),
                false => data.push(DataFile { name: code, text: source }),
            }
        }
        how(&sources, &data)
    };
    let checked = read(&[]);
    // Which states end a document is told by a document.
    let ended: Vec<String> = match checked.library.mechanisms.get(DOCUMENTS) {
        Some(register) => {
            register.states.iter().filter(|state| state.is_final).map(|state| state.name.clone()).collect()
        }
        None => Vec::new(),
    };
    match documents.values().any(|record| ended.contains(&record.state)) {
        true => read(&ended),
        false => checked,
    }
}

/// Refuses a change of the documents after which the library has faults, or a mechanism says something
/// else under the version that records run on. `changed` are documents as they would be; `here` as they
/// are in a group that is not durable yet.
pub(crate) fn may_publish(
    ledger: &dyn Ledger,
    laws: &Laws,
    here: &dyn Fn(RecordId) -> Option<Record>,
    changed: &[&Record],
) -> Result<(), Failure> {
    let mut documents = Documents::new();
    for bytes in ledger.snapshots(DOCUMENTS)? {
        let record = Record::from_bytes(&bytes)
            .map_err(|why| Failure::Store(StoreError::Corrupt(format!("a document's record: {why}"))))?;
        documents.insert(record.id, here(record.id).unwrap_or(record));
    }
    documents.extend(changed.iter().map(|record| (record.id, (*record).clone())));
    let checked = check(&documents, &gongzhi_kernel::example::check);
    let clause = laws
        .newest(DOCUMENTS)
        .and_then(|register| register.openers().next())
        .map_or_else(Clause::default, |step| step.clause.clone());
    let refuse = |words: Words| Err(Failure::Refused(Refusal::Need { words, clause: clause.clone() }));
    if !checked.is_clean() {
        let faults = checked.diagnostics.iter().take(TOLD);
        let line = |text: &dyn Fn(&gongzhi_lang::Diagnostic) -> String| {
            faults
                .clone()
                .map(|d| format!("{}:{} {} {}", d.path, d.line, d.code, text(d)))
                .collect::<Vec<_>>()
        };
        return refuse(Words::new(
            line(&|fault| fault.message.zh.clone()).join("；"),
            line(&|fault| fault.message.en.clone()).join("; "),
        ));
    }
    for (name, new) in &checked.library.mechanisms {
        let Some(old) = laws.newest(name) else { continue };
        let said = |mechanism: &gongzhi_lang::model::Mechanism| format!("{mechanism:?}");
        if new.version < old.version || new.version == old.version && said(new) != said(old) {
            let next = old.version + 1;
            return Err(Failure::Refused(Refusal::OldVersion { mechanism: name.clone(), next }));
        }
    }
    Ok(())
}
