//! Imports that take their time, watched: a large sheet is checked and carried out in the background, and
//! whoever sent it sees how far it is. What is held here is a convenience of this server: another one, or this
//! one started again, reads the upload anew.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gongzhi_base::{Digest, RecordId};
use gongzhi_kernel::Actor;
use gongzhi_paper::read;

use super::run::Run;
use super::{AT_ONCE, ImportFailure, Plan, plan};
use crate::failure::Failure;
use crate::service::Service;

/// Plans of large sheets kept in memory.
const KEPT: usize = 2;
/// Records looked at, at once.
const ROUND: usize = 256;

/// What an upload is, for whoever sent it.
pub enum Seen {
    /// So many of so many rows read and tried.
    Checking {
        seen: usize,
        total: usize,
    },
    Plan(Arc<Plan>),
    /// It is being carried out in a run, or was.
    Run(Run),
}

/// What became of an upload that is to be carried out.
pub enum Begun {
    /// It is durable.
    Done(Box<Plan>),
    /// It runs.
    Running,
    /// Somebody acted since it was checked: it is to be looked at again.
    Moved,
}

enum Stage {
    Checking { seen: usize, total: usize },
    Checked(Arc<Plan>),
    Failed(ImportFailure),
    Running,
}

/// The uploads that this server checks or carries out, by token.
#[derive(Default)]
pub struct Imports(Mutex<Vec<(Digest, Stage)>>);

impl Imports {
    fn held(&self) -> MutexGuard<'_, Vec<(Digest, Stage)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this server carries it out.
    pub(super) fn runs(&self, token: Digest) -> bool {
        self.held().iter().any(|(known, stage)| *known == token && matches!(stage, Stage::Running))
    }

    fn put(&self, token: Digest, stage: Stage) {
        let mut held = self.held();
        held.retain(|(known, _)| *known != token);
        held.push((token, stage));
        let idle = |stage: &Stage| matches!(stage, Stage::Checked(_) | Stage::Failed(_));
        let mut over = held.iter().filter(|(_, stage)| idle(stage)).count().saturating_sub(KEPT);
        held.retain(|(_, stage)| {
            let goes = over > 0 && idle(stage);
            over -= usize::from(goes);
            !goes
        });
    }

    fn forget(&self, token: Digest) {
        self.held().retain(|(known, _)| *known != token);
    }

    /// Enters an upload as being checked, unless it is known already: then tells what is known. A failure is
    /// told once.
    fn enter(&self, token: Digest) -> Option<Result<Seen, ImportFailure>> {
        let mut held = self.held();
        let Some(at) = held.iter().position(|(known, _)| *known == token) else {
            held.push((token, Stage::Checking { seen: 0, total: 0 }));
            return None;
        };
        Some(match &held[at].1 {
            Stage::Checking { seen, total } => Ok(Seen::Checking { seen: *seen, total: *total }),
            Stage::Running => Ok(Seen::Checking { seen: 0, total: 0 }),
            Stage::Checked(plan) => Ok(Seen::Plan(plan.clone())),
            Stage::Failed(_) => match held.remove(at).1 {
                Stage::Failed(failure) => Err(failure),
                _ => Err(ImportFailure::Gone),
            },
        })
    }

    fn plan(&self, token: Digest) -> Option<Arc<Plan>> {
        self.held().iter().find_map(|(known, stage)| match stage {
            Stage::Checked(plan) if *known == token => Some(plan.clone()),
            _ => None,
        })
    }
}

/// Takes an upload out again when its thread ends without having said how.
struct Watched {
    service: Arc<Service>,
    token: Digest,
}

impl Drop for Watched {
    fn drop(&mut self) {
        let unsaid = |stage: &Stage| matches!(stage, Stage::Checking { .. } | Stage::Running);
        self.service.imports.held().retain(|(known, stage)| *known != self.token || !unsaid(stage));
    }
}

impl Service {
    /// What an upload would do, how far its checking is, or its run. A large sheet is checked in the
    /// background: it is to be asked again.
    pub fn import_seen(
        self: &Arc<Self>,
        actor: &Actor,
        root: Option<RecordId>,
        mechanism: &str,
        token: Digest,
    ) -> Result<Seen, ImportFailure> {
        let (record, sheet) = self.import_sheet(actor, root, mechanism)?;
        if let Some(run) = self.import_run(actor, token)? {
            return Ok(Seen::Run(run));
        }
        let upload = self.kept_upload(actor, root, token)?;
        if let Some(known) = self.imports.enter(token) {
            return known;
        }
        let watched = Watched { service: self.clone(), token };
        let book = read::read(&upload.bytes, sheet.limits()).map_err(ImportFailure::File)?;
        let rows: usize = book.sheets.iter().map(|sheet| sheet.rows.len()).sum();
        if rows <= AT_ONCE {
            let plan = plan::make(self, actor, record.as_ref(), sheet, &book, &upload, &|_, _| {})?;
            return Ok(Seen::Plan(Arc::new(plan)));
        }
        self.imports.put(token, Stage::Checking { seen: 0, total: 2 * rows });
        let actor = actor.clone();
        let check = move || {
            let Watched { service, token } = &watched;
            let tell = |seen, total| service.imports.put(*token, Stage::Checking { seen, total });
            let plan = plan::make(service, &actor, record.as_ref(), sheet, &book, &upload, &tell);
            let stage = plan.map_or_else(Stage::Failed, |plan| Stage::Checked(Arc::new(plan)));
            service.imports.put(*token, stage);
        };
        let started = std::thread::Builder::new().name("import".into()).spawn(check);
        started.map_err(|_| Failure::Busy)?;
        Ok(Seen::Checking { seen: 0, total: 2 * rows })
    }

    /// Carries out what was shown: at once, or in the background in a run.
    pub fn import_begin(
        self: &Arc<Self>,
        actor: &Actor,
        root: Option<RecordId>,
        mechanism: &str,
        token: Digest,
        mark: Digest,
    ) -> Result<Begun, ImportFailure> {
        self.import_sheet(actor, root, mechanism)?;
        let held = self.imports.plan(token).filter(|plan| !plan.at_once());
        let Some(plan) = held else {
            let applied = self.import_apply(actor, root, mechanism, token, mark, &|_, _| {})?;
            self.imports.forget(token);
            return Ok(Begun::Done(Box::new(applied.plan)));
        };
        if !plan.faults.is_empty() || plan.mark != mark {
            return Err(ImportFailure::Otherwise(Box::new(Plan::clone(&plan))));
        }
        if !self.unmoved(&plan)? {
            self.imports.forget(token);
            return Ok(Begun::Moved);
        }
        let run = self.begin_run(actor, token, &plan)?;
        self.imports.put(token, Stage::Running);
        let watched = Watched { service: self.clone(), token };
        let carry = move || {
            let commands = (plan.commands.as_slice(), plan.rows.as_slice());
            if let Err(failure) = watched.service.carry_out(token, run, commands, &|_, _| {}) {
                tracing::error!(?failure, "an import was cut off; it will be taken up");
            }
        };
        let started = std::thread::Builder::new().name("import".into()).spawn(carry);
        started.map_err(|_| Failure::Busy)?;
        Ok(Begun::Running)
    }

    /// Whether the records on which a plan rests are as they were.
    fn unmoved(&self, plan: &Plan) -> Result<bool, Failure> {
        for seen in plan.seen.chunks(ROUND) {
            let ids: Vec<RecordId> = seen.iter().map(|(id, _)| *id).collect();
            let rows = self.ledger().rows(&ids)?;
            let same = |(id, revision): &(RecordId, u64)| {
                rows.iter().any(|row| row.id == *id && row.revision == *revision)
            };
            if !seen.iter().all(same) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
