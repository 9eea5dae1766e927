//! Receipts as files: JSON, described in `docs/receipt.md`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gongzhi_base::{Digest, RecordId, Value, Words};
use gongzhi_kernel::note::Note;
use gongzhi_kernel::receipt::{Earlier, Proven, Receipt};
use gongzhi_kernel::{Actor, Deed, World};
use gongzhi_lang::model::{Field, Type};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::service::Service;

/// The form of files.
const FORM: u32 = 1;
/// Longest file read, in bytes.
pub const LONGEST: usize = 4 * 1024 * 1024;

/// A receipt's file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReceiptFile {
    /// The form, 1.
    #[serde(rename = "gongzhi-receipt")]
    form: u32,
    origin: String,
    /// 32 hexadecimal digits.
    record: String,
    keys: Vec<String>,
    /// The signed note as it is.
    checkpoint: String,
    entries: Vec<EntryFile>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    earlier: Option<EarlierFile>,
    /// Helps reading; nothing of it is proven.
    #[serde(default)]
    pub reading: Reading,
}

/// What helps a reader of a receipt.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Reading {
    /// The county's civil time, minutes east of UTC.
    #[serde(default)]
    pub zone: i32,
    /// What fields, steps and the codes in values are called.
    #[serde(default)]
    pub labels: BTreeMap<String, Label>,
    /// Fields that people filled in, in the order of the form; others were set along with them.
    #[serde(default)]
    pub asked: Vec<String>,
}

/// A name in both languages.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Label {
    pub zh: String,
    pub en: String,
}

/// An entry; bytes are standard Base64.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct EntryFile {
    seq: u64,
    header: String,
    salt: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    proof: Vec<String>,
}

/// An earlier size of the log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct EarlierFile {
    size: u64,
    root: String,
    proof: Vec<String>,
}

fn hashes(path: &[Digest]) -> Vec<String> {
    path.iter().map(|hash| STANDARD.encode(hash.0)).collect()
}

fn hash(text: &str) -> Option<Digest> {
    Some(Digest(STANDARD.decode(text).ok()?.try_into().ok()?))
}

fn read_hashes(path: &[String]) -> Option<Vec<Digest>> {
    path.iter().map(|text| hash(text)).collect()
}

impl ReceiptFile {
    /// The file of a receipt.
    pub fn new(receipt: &Receipt, reading: Reading) -> ReceiptFile {
        ReceiptFile {
            form: FORM,
            origin: receipt.checkpoint.text.lines().next().unwrap_or_default().to_owned(),
            record: receipt.record.to_string(),
            keys: receipt.keys.iter().map(ToString::to_string).collect(),
            checkpoint: receipt.checkpoint.to_string(),
            entries: receipt
                .entries
                .iter()
                .map(|entry| EntryFile {
                    seq: entry.seq,
                    header: STANDARD.encode(&entry.header),
                    salt: STANDARD.encode(entry.salt),
                    body: entry.body.as_ref().map(|body| STANDARD.encode(body)),
                    proof: hashes(&entry.path),
                })
                .collect(),
            earlier: receipt.earlier.as_ref().map(|earlier| EarlierFile {
                size: earlier.size,
                root: STANDARD.encode(earlier.root.0),
                proof: hashes(&earlier.path),
            }),
            reading,
        }
    }

    /// The file's text.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Reads a file; `None` when it is none, or of another form.
    pub fn read(text: &str) -> Option<ReceiptFile> {
        if text.len() > LONGEST {
            return None;
        }
        let file: ReceiptFile = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
        (file.form == FORM).then_some(file)
    }

    /// What it holds, not yet verified; `None` when something cannot be read.
    pub fn receipt(&self) -> Option<Receipt> {
        let checkpoint: Note = self.checkpoint.parse().ok()?;
        // What people read at the top must be what is signed.
        if checkpoint.text.lines().next() != Some(self.origin.as_str()) {
            return None;
        }
        let entry = |entry: &EntryFile| {
            Some(Proven {
                seq: entry.seq,
                header: STANDARD.decode(&entry.header).ok()?,
                salt: STANDARD.decode(&entry.salt).ok()?.try_into().ok()?,
                body: match &entry.body {
                    Some(body) => Some(STANDARD.decode(body).ok()?),
                    None => None,
                },
                path: read_hashes(&entry.proof)?,
            })
        };
        let earlier = match &self.earlier {
            Some(earlier) => Some(Earlier {
                size: earlier.size,
                root: hash(&earlier.root)?,
                path: read_hashes(&earlier.proof)?,
            }),
            None => None,
        };
        Some(Receipt {
            record: self.record.parse().ok()?,
            keys: self.keys.iter().map(|key| key.parse().ok()).collect::<Option<_>>()?,
            checkpoint,
            entries: self.entries.iter().map(entry).collect::<Option<_>>()?,
            earlier,
        })
    }
}

impl Reading {
    /// What a receipt's reader wants to know beside what is proven.
    pub fn of(service: &Service, receipt: &Receipt) -> Reading {
        use gongzhi_base::canon::Canon as _;
        let state = service.state();
        let mut labels = BTreeMap::new();
        let mut asked: Vec<String> = Vec::new();
        let mut put = |name: &str, words: &Words| {
            labels.insert(name.to_owned(), Label { zh: words.zh.clone(), en: words.en.clone() });
        };
        for body in receipt.entries.iter().filter_map(|entry| entry.body.as_ref()) {
            let Ok(event) = gongzhi_kernel::Event::from_bytes(body) else { continue };
            let Some(mechanism) = state.laws.version(&event.mechanism, event.version) else { continue };
            put(&mechanism.name, &mechanism.words);
            match &event.deed {
                Deed::Step(taken) => {
                    if let Some(step) = mechanism.step(&taken.step) {
                        put(&step.name, &step.words);
                        asked.extend(step.asks.iter().map(|ask| ask.field.clone()));
                    }
                    for (name, value) in &taken.set {
                        let Some(field) = mechanism.field(name) else { continue };
                        put(name, &field.words);
                        let codes = value.items().iter().filter_map(Value::text);
                        codes.for_each(|code| coded(&state.world, field, code, &mut put));
                    }
                }
                Deed::Passed { deadline, .. } => {
                    mechanism.deadline(deadline).iter().for_each(|found| put(&found.name, &found.words));
                }
                Deed::Part { .. } | Deed::Look { .. } | Deed::Erased { .. } => {}
            }
        }
        asked.dedup();
        Reading { zone: state.world.zone.minutes, labels, asked }
    }
}

/// What a code in a field's value is called.
fn coded(world: &World, field: &Field, code: &str, put: &mut impl FnMut(&str, &Words)) {
    let ty = match &field.ty {
        Type::List(item) => item,
        ty => ty,
    };
    let words = match ty {
        Type::Place => world.place(code).map(|place| &place.words),
        Type::Unit => world.unit(code).map(|unit| &unit.words),
        Type::Entry(catalogue) => {
            let entry = world.catalogue(catalogue).and_then(|catalogue| catalogue.entries.get(code));
            entry.map(|entry| &entry.words)
        }
        Type::Choice(_) => field.options.iter().find(|(name, _)| name == code).map(|(_, words)| words),
        _ => None,
    };
    if let Some(words) = words {
        put(code, words);
    }
}

impl Service {
    /// The receipt of a record for whoever may read it, as a file; perhaps with the proof that the log
    /// of `since` entries was only added to (`NotFound` when the log was never of that size).
    pub fn receipt_file(
        &self,
        actor: &Actor,
        record: RecordId,
        since: Option<u64>,
    ) -> Result<(Receipt, ReceiptFile), Failure> {
        self.readable(actor, record)?.ok_or(Failure::NotFound)?;
        let receipt = self.receipt(record, since)?;
        let file = ReceiptFile::new(&receipt, Reading::of(self, &receipt));
        Ok((receipt, file))
    }
}
