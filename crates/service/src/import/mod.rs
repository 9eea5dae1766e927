//! Records from a sheet, as documents declare it: read, planned against what is there, tried by the
//! rules, shown, and then carried out in one durable transaction or not at all.
//!
//! A plan is made anew each time, from the upload and from the records as they are. Nothing is written
//! before it is applied, and what is applied is the plan that was shown: its mark tells.
//!
//! One transaction holds up everybody else's, so it has a bound ([`AT_ONCE`]). A register, whose rows
//! stand under no record, may be larger: it is checked as a whole first, and then carried out in a durable run
//! (`run.rs`) that others' commands go between and that a crash only interrupts.

mod cells;
mod keep;
mod plan;
pub mod rows;
pub mod run;
mod trial;
mod watch;

use std::collections::BTreeMap;
use std::sync::Arc;

use gongzhi_base::{Digest, RecordId, Value, Words};
use gongzhi_kernel::decide::is_open;
use gongzhi_kernel::{Actor, Command, FieldFault, Record, Refusal, rights};
use gongzhi_lang::model::{Ask, Field, Mechanism, Type};
use gongzhi_paper::read::{Limits, ReadFault};
use gongzhi_paper::sheet::{CellFault, NotFound};

use crate::engine::State;
use crate::failure::Failure;
use crate::service::Service;

pub use watch::{Begun, Imports, Seen};

/// Rows, and commands of a register, that are carried out in one transaction at most.
pub const AT_ONCE: usize = 2_000;

/// What an uploaded sheet may cost. A record keeps its parts with it, so that each further part under one
/// record costs more than the one before: those stay within [`AT_ONCE`].
pub const LIMITS: Limits = Limits {
    bytes: 10 * 1024 * 1024,
    unpacked: 64 * 1024 * 1024,
    parts: 1_000,
    rows: AT_ONCE,
    columns: 100,
    characters: 5_000,
};

/// The same for a register.
pub const REGISTER_LIMITS: Limits = Limits { rows: 60_000, unpacked: 128 * 1024 * 1024, ..LIMITS };

/// The name of the column of a record's number, which is no field's.
pub const NUMBER: &str = "number";

/// How often a plan is made again when records changed while it was carried out.
const TRIES: usize = 4;

/// A column of a sheet.
#[derive(Clone, Debug)]
pub struct Column {
    /// Position of its mechanism in the sheet's chain.
    pub level: usize,
    pub field: Field,
    pub optional: bool,
    /// Whether it tells records apart.
    pub key: bool,
    /// It holds the record's number and no field of it.
    pub number: bool,
    /// Only a change asks it, such as its reason; it is read for rows that changed, and written empty.
    pub only_changed: bool,
}

/// A sheet under a record.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// The mechanisms in a row, the topmost first; the last one's records are the rows.
    pub chain: Vec<Arc<Mechanism>>,
    pub columns: Vec<Column>,
    /// Whether the actor may import it.
    pub may_import: bool,
}

impl Sheet {
    /// The mechanism whose records are the rows.
    pub fn row(&self) -> &Arc<Mechanism> {
        // A chain holds at least the mechanism from which it was made.
        &self.chain[self.chain.len() - 1]
    }

    /// Whether its rows stand under no record, each for itself.
    pub fn is_register(&self) -> bool {
        self.chain.len() == 1 && self.row().parent.is_none()
    }

    /// What a file of it may cost.
    pub fn limits(&self) -> &'static Limits {
        if self.is_register() { &REGISTER_LIMITS } else { &LIMITS }
    }
}

/// What becomes of a record.
#[derive(Clone, PartialEq, Debug)]
pub enum Becomes {
    /// With what was read of it.
    New(Arc<BTreeMap<String, Value>>),
    /// Fields that change: before and after.
    Changed(Vec<(String, Option<Value>, Option<Value>)>),
    Unchanged,
}

/// A record that a sheet speaks of.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The first row that speaks of it.
    pub row: u32,
    /// Position of its mechanism in the chain.
    pub level: usize,
    pub record: RecordId,
    /// Its number, once it has one.
    pub number: String,
    pub title: String,
    /// The record above it, once the sheet is imported.
    pub under: Option<RecordId>,
    /// Where it is moved: number and title of the record above it until now, and of the one from then on.
    pub moved: Option<(String, String)>,
    pub becomes: Becomes,
    /// Its state where it has come to its end: withdrawn, struck off.
    pub ended: Option<Words>,
    /// Of a new one a record that is there, stands in no row and is perhaps the same.
    pub alike: Option<Alike>,
}

/// A record that is there and that a row without a number may mean.
#[derive(Clone, PartialEq, Debug)]
pub struct Alike {
    pub number: String,
    pub title: String,
    /// Number and title of the one above it, where that is another one than the row's: there it is called just so. Under
    /// the same one it is called nearly so.
    pub elsewhere: Option<String>,
}

/// What is wrong in a row.
#[derive(Clone, PartialEq, Debug)]
pub struct RowFault {
    pub row: u32,
    /// The letters of the column and its position among the sheet's columns.
    pub column: Option<(String, usize)>,
    /// What stands there.
    pub text: String,
    pub what: What,
}

/// Kinds of faults in a row.
#[derive(Clone, PartialEq, Debug)]
pub enum What {
    Cell(CellFault),
    Field(FieldFault),
    /// Several entries of a register are called so; their codes.
    Several(Vec<String>),
    /// The key stands in an earlier row already.
    Twice(u32),
    /// An earlier row says otherwise of the same record.
    Disagrees(u32),
    /// The record is there and the sheet may not change this.
    Fixed,
    /// Several records under the same one have this key.
    Ambiguous,
    /// There is no such record with this number here.
    NoNumber,
    /// The number is of a record that stands under another one.
    Elsewhere,
    /// The record is to be moved under one that is not there: no other is called so here.
    NoTarget,
    /// Another record under the same one is called so: its number.
    Named(String),
    /// The rules refuse it.
    Refused(Refusal),
}

/// What a file holds beside what was read, and what may have been read unseen. It is told and is no fault.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Aside {
    /// Names of other sheets with the same headings.
    pub sheets: Vec<String>,
    /// Headings of columns that are not read.
    pub columns: Vec<String>,
    /// Rows that were read though the file hides them.
    pub hidden: Vec<u32>,
}

/// What a sheet would do.
#[derive(Clone, Debug)]
pub struct Plan {
    pub sheet: Sheet,
    /// The name of the sheet read; empty for a file without names.
    pub name: String,
    /// The row of its headings.
    pub heading: u32,
    pub aside: Aside,
    pub entries: Vec<Entry>,
    /// By row and column; where there is one, nothing is imported.
    pub faults: Vec<RowFault>,
    /// Tells this plan from another one.
    pub mark: Digest,
    commands: Vec<Command>,
    /// The row of each command.
    rows: Vec<u32>,
    /// The records it rests on, each at its revision.
    seen: Vec<(RecordId, u64)>,
}

impl Plan {
    /// How many records are new, changed, unchanged.
    pub fn counts(&self) -> [usize; 3] {
        let mut counts = [0; 3];
        for entry in &self.entries {
            counts[match entry.becomes {
                Becomes::New(_) => 0,
                Becomes::Changed(_) => 1,
                Becomes::Unchanged => 2,
            }] += 1;
        }
        counts
    }

    /// Whether nothing stands under the headings.
    pub fn is_blank(&self) -> bool {
        self.entries.is_empty() && self.faults.is_empty()
    }

    /// Whether it is carried out in one transaction.
    pub fn at_once(&self) -> bool {
        !self.sheet.is_register() || self.commands.len() <= AT_ONCE
    }
}

/// What was carried out.
#[derive(Debug)]
pub struct Applied {
    pub plan: Plan,
    /// Rows of a long run that somebody overtook: left as they made them.
    pub left: Vec<u32>,
}

/// Told how many of how many rows have been read and tried.
pub type Tell<'t> = &'t (dyn Fn(usize, usize) + Sync);

/// Why there is no plan, or it was not carried out. In each case nothing was written.
#[derive(Debug)]
pub enum ImportFailure {
    Failure(Failure),
    /// The file could not be read.
    File(ReadFault),
    /// It holds no table with these headings.
    NoTable(Box<NotFound>, Box<Sheet>),
    /// The upload is not kept any more.
    Gone,
    /// The plan is another one than was shown, or has faults.
    Otherwise(Box<Plan>),
}

impl<F: Into<Failure>> From<F> for ImportFailure {
    fn from(failure: F) -> ImportFailure {
        ImportFailure::Failure(failure.into())
    }
}

impl Service {
    /// The sheets of the parts under a record that this actor may read.
    pub fn sheets(&self, actor: &Actor, mechanism: &Mechanism, record: &Record) -> Vec<Sheet> {
        let state = self.state();
        let all = state.laws.library.mechanisms.values();
        // A mechanism above another one with a sheet is a part of that one's rows.
        let last = |one: &&Arc<Mechanism>| {
            let below = |other: &Arc<Mechanism>| {
                other.sheet.is_some() && other.parent.as_deref() == Some(one.name.as_str())
            };
            one.sheet.is_some() && !state.laws.library.mechanisms.values().any(below)
        };
        let chains = all.filter(last).filter_map(|one| chain(&state, one, Some(&mechanism.name)));
        let sheets = chains.map(|chain| {
            let may = |part: &Arc<Mechanism>| may_open(&state, actor, part, Some(record));
            let may_import = is_open(mechanism, &record.state) && chain.iter().all(may);
            Sheet { columns: columns(&chain), chain, may_import }
        });
        sheets.collect()
    }

    /// The sheet of a mechanism whose topmost rows stand under no record.
    pub fn register_sheet(&self, actor: &Actor, mechanism: &str) -> Option<Sheet> {
        let state = self.state();
        let last = state.laws.newest(mechanism).filter(|one| one.sheet.is_some())?;
        let chain = chain(&state, last, None)?;
        let may_import = chain.iter().all(|part| may_open(&state, actor, part, None));
        Some(Sheet { columns: columns(&chain), chain, may_import })
    }

    /// The sheet of that mechanism under a record, or of a register under none, if the actor may import it.
    pub fn import_sheet(
        &self,
        actor: &Actor,
        root: Option<RecordId>,
        mechanism: &str,
    ) -> Result<(Option<Record>, Sheet), Failure> {
        let (above, sheet) = match root {
            Some(root) => {
                let (law, record) = self.readable(actor, root)?.ok_or(Failure::NotFound)?;
                let mut sheets = self.sheets(actor, &law, &record).into_iter();
                let sheet = sheets.find(|sheet| sheet.row().name == mechanism);
                (Some((law, record)), sheet)
            }
            None => (None, self.register_sheet(actor, mechanism)),
        };
        let sheet = sheet.ok_or(Failure::NotFound)?;
        if sheet.may_import {
            return Ok((above.map(|(_, record)| record), sheet));
        }
        if let Some((law, record)) = &above
            && !is_open(law, &record.state)
        {
            let step = sheet.row().sheet().map(|(_, step)| (step.words.clone(), step.clause.clone()));
            let (step, clause) = step.unwrap_or_default();
            let state = law.state(&record.state).map(|state| state.words.clone()).unwrap_or_default();
            return Err(Failure::Refused(Refusal::WrongState { step, state, clause }));
        }
        let (state, record) = (self.state(), above.as_ref().map(|(_, record)| record));
        let refused = sheet.chain.iter().find(|part| !may_open(&state, actor, part, record));
        let (_, step) = refused.and_then(|part| part.sheet()).ok_or(Failure::NotFound)?;
        let (who, clause) = (step.by.clone(), step.clause.clone());
        Err(Failure::Refused(Refusal::NoRight { step: step.words.clone(), who, clause }))
    }

    /// What an upload would do; nothing is written. `token` is what [`Service::keep_upload`] gave.
    pub fn import_plan(
        &self,
        actor: &Actor,
        root: Option<RecordId>,
        mechanism: &str,
        token: Digest,
        tell: Tell<'_>,
    ) -> Result<Plan, ImportFailure> {
        let (record, sheet) = self.import_sheet(actor, root, mechanism)?;
        let upload = self.kept_upload(actor, root, token)?;
        let book = gongzhi_paper::read::read(&upload.bytes, sheet.limits()).map_err(ImportFailure::File)?;
        plan::make(self, actor, record.as_ref(), sheet, &book, &upload, tell)
    }

    /// The rows that a run left as somebody else made them, under their headings, as they stand in the upload: to be put
    /// right and uploaded by themselves.
    pub fn import_left(
        &self,
        actor: &Actor,
        mechanism: &str,
        token: Digest,
    ) -> Result<Vec<Vec<String>>, ImportFailure> {
        let (_, sheet) = self.import_sheet(actor, None, mechanism)?;
        let run = self.import_run(actor, token)?.ok_or(ImportFailure::Gone)?;
        let upload = self.kept_upload(actor, None, token)?;
        let book = gongzhi_paper::read::read(&upload.bytes, sheet.limits()).map_err(ImportFailure::File)?;
        plan::rows(sheet, &book, &run.left)
    }

    /// Carries out what was shown, and waits: all of it in one durable transaction, or nothing; a large
    /// register in a durable run. An upload that has been carried out does nothing when it is carried out again.
    pub fn import_apply(
        &self,
        actor: &Actor,
        root: Option<RecordId>,
        mechanism: &str,
        token: Digest,
        mark: Digest,
        tell: Tell<'_>,
    ) -> Result<Applied, ImportFailure> {
        for _ in 0..TRIES {
            let mut plan = self.import_plan(actor, root, mechanism, token, &|_, _| {})?;
            if !plan.faults.is_empty() || plan.mark != mark {
                return Err(ImportFailure::Otherwise(Box::new(plan)));
            }
            if plan.commands.is_empty() {
                return Ok(Applied { plan, left: Vec::new() });
            }
            if !plan.at_once() {
                let run = self.begin_run(actor, token, &plan)?;
                let run = self.carry_out(token, run, (&plan.commands, &plan.rows), tell)?;
                return Ok(Applied { plan, left: run.left });
            }
            match self.engine().together(plan.commands.clone(), plan.seen.clone()) {
                Ok(_) => return Ok(Applied { plan, left: Vec::new() }),
                // Somebody acted meanwhile: the plan is made on what is there now.
                Err((None, Failure::Refused(Refusal::Stale { .. }))) => {}
                Err((Some(at), Failure::Refused(refusal))) => {
                    let row = plan.rows.get(at).copied().unwrap_or_default();
                    let what = What::Refused(refusal);
                    plan.faults.push(RowFault { row, column: None, text: String::new(), what });
                    return Err(ImportFailure::Otherwise(Box::new(plan)));
                }
                Err((_, failure)) => return Err(ImportFailure::Failure(failure)),
            }
        }
        Err(ImportFailure::Failure(Failure::Busy))
    }
}

/// Whether an actor may take the opening step of a sheet: under a record, or somewhere.
fn may_open(state: &State, actor: &Actor, part: &Mechanism, above: Option<&Record>) -> bool {
    let Some((_, step)) = part.sheet() else { return false };
    let may = |place: &str| rights::may_step(step, actor, None, place, &state.world).is_some();
    match above {
        Some(record) => may(&record.place),
        None => actor.posts().iter().any(|post| may(&post.place)) || may(&state.world.county),
    }
}

/// A mechanism with a sheet and those above it that have one, down from parts of `root` or from records
/// under none.
fn chain(state: &State, last: &Arc<Mechanism>, root: Option<&str>) -> Option<Vec<Arc<Mechanism>>> {
    let mut chain = vec![last.clone()];
    loop {
        let Some(parent) = chain.first()?.parent.clone() else {
            return root.is_none().then_some(chain);
        };
        let above = state.laws.newest(&parent)?;
        if above.sheet.is_none() {
            return (Some(parent.as_str()) == root).then_some(chain);
        }
        if chain.iter().any(|known| known.name == parent) {
            return None;
        }
        chain.insert(0, above.clone());
    }
}

/// The column of a record's number.
fn number(mechanism: &Mechanism, level: usize) -> Option<Column> {
    let (sheet, _) = mechanism.sheet()?;
    let words = sheet.number.clone()?;
    let plain = mechanism.field(sheet.key.first()?)?.clone();
    let field = Field {
        name: NUMBER.to_owned(),
        words,
        ty: Type::Text,
        min: None,
        max: None,
        help: Words::default(),
        options: Vec::new(),
        ..plain
    };
    Some(Column { level, field, optional: true, key: false, number: true, only_changed: false })
}

fn columns(chain: &[Arc<Mechanism>]) -> Vec<Column> {
    let levels = chain.iter().enumerate().filter_map(|(level, one)| Some((level, one, one.sheet()?)));
    let columns = levels.flat_map(|(level, mechanism, (sheet, step))| {
        let column = move |ask: &Ask, only_changed| {
            Some(Column {
                level,
                field: mechanism.field(&ask.field)?.clone(),
                optional: ask.optional || only_changed,
                key: sheet.key.contains(&ask.field),
                number: false,
                only_changed,
            })
        };
        let mut columns: Vec<Column> = number(mechanism, level).into_iter().collect();
        columns.extend(step.asks.iter().filter_map(|ask| column(ask, false)));
        for ask in sheet.changed.iter().filter_map(|name| mechanism.step(name)).flat_map(|step| &step.asks) {
            if !columns.iter().any(|known| known.field.name == ask.field) {
                columns.extend(column(ask, true));
            }
        }
        columns
    });
    columns.collect()
}
