//! Receipts as files: JSON, described in `docs/receipt.md`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gongzhi_base::{Digest, RecordId, Words};
use gongzhi_kernel::note::Note;
use gongzhi_kernel::receipt::{Earlier, Proven, Receipt};
use gongzhi_kernel::{Actor, Deed};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::service::Service;

/// The form of new files. Those of the first form give a salt also where they hold no content.
const FORM: u32 = 2;
/// Longest file read, in bytes.
pub const LONGEST: usize = 4 * 1024 * 1024;

/// A receipt's file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReceiptFile {
    /// The form, 1 or 2.
    #[serde(rename = "gongzhi-receipt")]
    form: u32,
    origin: String,
    /// 32 hexadecimal digits.
    record: String,
    keys: Vec<String>,
    /// The signed note as it is.
    checkpoint: String,
    entries: Vec<EntryFile>,
    /// Header of the entry before the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<String>,
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
    /// What mechanisms, steps, deadlines and fields are called. Values have no names here: nothing in a receipt
    /// proves which of them are codes and which are words that people wrote.
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
    /// There with the body only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
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
                    salt: entry.body.as_ref().map(|(salt, _)| STANDARD.encode(salt)),
                    body: entry.body.as_ref().map(|(_, body)| STANDARD.encode(body)),
                    proof: hashes(&entry.path),
                })
                .collect(),
            before: receipt.before.as_ref().map(|header| STANDARD.encode(header)),
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
        (1..=FORM).contains(&file.form).then_some(file)
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
                body: match (&entry.salt, &entry.body) {
                    (Some(salt), Some(body)) => {
                        Some((STANDARD.decode(salt).ok()?.try_into().ok()?, STANDARD.decode(body).ok()?))
                    }
                    (None, None) if self.form > 1 => None,
                    (Some(_), None) if self.form == 1 => None,
                    _ => return None,
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
            before: match &self.before {
                Some(header) => Some(STANDARD.decode(header).ok()?),
                None => None,
            },
            earlier,
        })
    }
}

/// Longest name that is shown beside a code, in characters.
const NAME: usize = 40;
/// Longest code that is given a name.
const CODE: usize = 40;
/// Farthest civil time from UTC, in minutes.
const FARTHEST: i32 = 14 * 60;

/// A text as it may be shown beside what is proven: in one line, without characters that turn or hide others.
pub fn plain(text: &str) -> String {
    let hidden = |c: char| {
        matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    let line = |c: char| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c };
    text.chars().filter(|c| !hidden(*c)).map(line).collect()
}

/// A name cannot leave the brackets in which it is shown.
fn inside(c: char) -> char {
    match c {
        '〔' | '〘' | '﹝' | '︹' | '❲' | '⟬' | '⦗' => '（',
        '〕' | '〙' | '﹞' | '︺' | '❳' | '⟭' | '⦘' => '）',
        c => c,
    }
}

impl Reading {
    /// The receipt's own name for a mechanism, step, deadline or field; nothing of it is proven. It is for these only:
    /// beside a value it could stand in the place of what somebody wrote.
    pub fn name(&self, code: &str, chinese: bool) -> Option<String> {
        let first = code.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        let rest = code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:@".contains(&byte));
        let label = self.labels.get(code).filter(|_| first && rest && code.len() <= CODE)?;
        let name = plain(if chinese { &label.zh } else { &label.en });
        let name: String = name.chars().take(NAME).map(inside).collect();
        let name = name.trim();
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// A time in the receipt's civil time, with its distance from UTC, which is at most fourteen hours.
    pub fn time(&self, at: gongzhi_base::Timestamp) -> String {
        let zone = gongzhi_base::Zone { minutes: if self.zone.abs() <= FARTHEST { self.zone } else { 0 } };
        let civil = zone.civil(at);
        let (sign, off) = (if zone.minutes < 0 { '-' } else { '+' }, zone.minutes.abs());
        format!(
            "{} {:02}:{:02}:{:02} {sign}{:02}:{:02}",
            civil.date(),
            civil.hour(),
            civil.minute(),
            civil.second(),
            off / 60,
            off % 60
        )
    }

    /// What a receipt's reader wants to know beside what is proven.
    pub fn of(service: &Service, receipt: &Receipt) -> Reading {
        use gongzhi_base::canon::Canon as _;
        let state = service.state();
        let mut labels = BTreeMap::new();
        let mut asked: Vec<String> = Vec::new();
        let mut put = |name: &str, words: &Words| {
            labels.insert(name.to_owned(), Label { zh: words.zh.clone(), en: words.en.clone() });
        };
        for (_, body) in receipt.entries.iter().filter_map(|entry| entry.body.as_ref()) {
            let Ok(event) = gongzhi_kernel::Event::from_bytes(body) else { continue };
            let Some(mechanism) = state.laws.version(&event.mechanism, event.version) else { continue };
            put(&mechanism.name, &mechanism.words);
            match &event.deed {
                Deed::Step(taken) => {
                    if let Some(step) = mechanism.step(&taken.step) {
                        put(&step.name, &step.words);
                        asked.extend(step.asks.iter().map(|ask| ask.field.clone()));
                    }
                    let fields = taken.set.keys().filter_map(|name| mechanism.field(name));
                    fields.for_each(|field| put(&field.name, &field.words));
                }
                Deed::Passed { deadline, .. } => {
                    mechanism.deadline(deadline).iter().for_each(|found| put(&found.name, &found.words));
                }
                Deed::Erased { fields, .. } => {
                    let fields = fields.iter().filter_map(|name| mechanism.field(name));
                    fields.for_each(|field| put(&field.name, &field.words));
                }
                Deed::Part { .. } | Deed::Left { .. } | Deed::Look { .. } => {}
            }
        }
        asked.dedup();
        Reading { zone: state.world.zone.minutes, labels, asked }
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
        let mut made_of = self.provable(record)?;
        let folded = self.folded(record, made_of.snapshot.take())?;
        self.if_readable(actor, folded).ok_or(Failure::NotFound)?;
        let receipt = self.receipt_of(record, made_of, since)?;
        let file = ReceiptFile::new(&receipt, Reading::of(self, &receipt));
        Ok((receipt, file))
    }
}
