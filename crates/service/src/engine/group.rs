//! A group in the making: commands decided in order, and all that makes them durable.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use arc_swap::ArcSwap;
use foldhash::fast::RandomState;
use gongzhi_base::canon::Canon as _;
use gongzhi_base::{CommandId, Digest, RecordId, Timestamp};
use gongzhi_kernel::project::{CellKey, Share, project};
use gongzhi_kernel::{
    Actor, Case, Claim, Command, Decision, Deed, Laws, Order, Record, Refusal, World, claims, decide,
};
use gongzhi_lang::model::{Level, Mechanism};
use gongzhi_store::outbox::Mark;
use gongzhi_store::{Answer, Batch, Ledger, Look, StoreError, Stored, Want};
use lru::LruCache;

use super::commit::Decided;
use super::needed::{cited, earlier, named};
use super::together::{Halted, moved_on};
use super::{Answered, Outcome, Position, Reply, State, order, refuse, territory};
use crate::ambient::Ambient;
use crate::codes::{self, CodeSecret};
use crate::failure::Failure;
use crate::load;
use crate::outbox;
use crate::publish;
use crate::seal::{Keyring, Seals};
use crate::sound;

/// What deciding needs beside the records.
pub(super) struct Means {
    pub ledger: Arc<dyn Ledger>,
    pub state: Arc<ArcSwap<State>>,
    pub ambient: Arc<dyn Ambient>,
    pub secret: Arc<CodeSecret>,
    pub seals: Arc<Seals>,
}

/// A record kept in memory with what the read models hold of it.
#[derive(Clone)]
pub(super) struct Kept {
    pub record: Arc<Record>,
    pub share: Arc<Share>,
    pub text: Arc<str>,
}

/// What a group that is under way leaves when it is durable: the next one is decided on it.
pub(super) struct Ahead {
    pub at: Position,
    /// The records that it changes.
    pub found: HashMap<RecordId, Kept>,
    /// Places that it moves: the rows of their records are to be written anew.
    pub moved: Vec<(Level, String)>,
    pub answers: HashMap<CommandId, Answer>,
    /// What those records claim that they did not claim before.
    claimed: Claimed,
    ring: Keyring,
}

/// What deciding finds without asking the ledger.
pub(super) struct AtHand<'a> {
    pub ahead: Option<&'a Ahead>,
    /// Durable records, folded.
    pub kept: &'a mut LruCache<RecordId, Kept>,
    /// Answers given lately.
    pub recent: &'a mut LruCache<CommandId, Answer>,
    /// Whether everything else is asked of the ledger.
    pub careful: bool,
}

/// Changes of figures, numerator and denominator.
pub(super) type Cells = HashMap<CellKey, (i64, i64), RandomState>;
/// Records by what they claim.
type Claimed = HashMap<Claim, BTreeSet<RecordId>>;

/// A group in the making.
pub(super) struct Group {
    /// The durable log's end when the group is committed.
    from: Position,
    /// The end after the commands so far.
    pub(super) at: Position,
    pub answers: Vec<Answered>,
    /// Records as they are now within the group.
    pub(super) found: HashMap<RecordId, Kept>,
    /// Records that were looked for and are not there.
    absent: HashSet<RecordId>,
    /// Records of which something else is kept than their entries lead to: nothing is decided on them.
    damaged: HashMap<RecordId, StoreError>,
    /// Answers of commands accepted in this group, or in the ones before it.
    accepted: HashMap<CommandId, Answer>,
    earlier: HashMap<CommandId, Answer>,
    /// Claims made in this group, and in the one under way: the ledger does not know them yet.
    claimed: Claimed,
    claimed_ahead: Claimed,
    /// What each changed record claimed before this group.
    claimed_before: BTreeMap<RecordId, BTreeSet<Claim>>,
    /// Commands taken for new without asking the ledger.
    trusted: HashSet<CommandId>,
    ring: Keyring,
    batch: Batch,
    /// Records that changed, as they are to be stored.
    changed: BTreeMap<RecordId, Stored>,
    pub(super) cells: Cells,
    /// Places moved, by where the rows of their records stand so far.
    pub(super) moved: Vec<(Level, String)>,
}

impl Group {
    /// A group on what is durable.
    pub fn new(at: Position) -> Group {
        Group {
            from: at.clone(),
            at,
            answers: Vec::new(),
            found: HashMap::new(),
            absent: HashSet::new(),
            damaged: HashMap::new(),
            accepted: HashMap::new(),
            earlier: HashMap::new(),
            claimed: Claimed::new(),
            claimed_ahead: Claimed::new(),
            claimed_before: BTreeMap::new(),
            trusted: HashSet::new(),
            ring: Keyring::default(),
            batch: Batch::default(),
            changed: BTreeMap::new(),
            cells: HashMap::default(),
            moved: Vec::new(),
        }
    }

    /// A group on top of the one under way.
    pub fn after(ahead: &Ahead) -> Group {
        let claimed_ahead = ahead.claimed.clone();
        Group { ring: ahead.ring.after(), claimed_ahead, ..Group::new(ahead.at.clone()) }
    }

    /// Commands decided so far.
    pub fn len(&self) -> usize {
        self.answers.len()
    }

    /// Whether places lie elsewhere after it.
    pub fn moves(&self) -> bool {
        !self.moved.is_empty()
    }

    /// Whether there is anything to be made durable.
    pub fn writes(&self) -> bool {
        !self.batch.entries.is_empty()
    }

    /// Decides commands after the ones before. What they need is read at once. Unless asked to be
    /// careful it takes commands of people for new ones, and so the records that they open: where that is
    /// wrong, a commit is told so and nothing is written.
    pub fn take(
        &mut self,
        means: &Means,
        laws: &Laws,
        at_hand: &mut AtHand<'_>,
        commands: Vec<(Command, Reply)>,
    ) {
        let needed: Vec<&Command> = commands.iter().map(|(command, _)| command).collect();
        if let Err(error) = self.prepare(means, laws, at_hand, &needed, &[]) {
            // What was taken for new may be there.
            self.absent.clear();
            return refuse(commands, &error);
        }
        for (command, reply) in commands {
            let result = self.one(means, laws, at_hand.ahead, &command);
            if let Order::Open { id, .. } = &command.order {
                self.absent.remove(id);
            }
            self.answers.push(Answered { command, reply, result });
        }
    }

    /// Decides commands of which all must be accepted; the first that is not ends it, and the group is
    /// to be thrown away. `seen` are revisions that records must still have.
    pub fn all(
        &mut self,
        means: &Means,
        laws: &Laws,
        at_hand: &mut AtHand<'_>,
        commands: &[Command],
        seen: &[(RecordId, u64)],
    ) -> Result<Vec<Outcome>, Halted> {
        let needed: Vec<&Command> = commands.iter().collect();
        let ids: Vec<RecordId> = seen.iter().map(|(id, _)| *id).collect();
        self.prepare(means, laws, at_hand, &needed, &ids).map_err(|error| (None, Failure::Store(error)))?;
        // What was carried out before is answered again, however its records went on.
        let all_again = commands.iter().all(|command| self.earlier.contains_key(&command.id));
        for (id, revision) in seen.iter().filter(|_| !all_again) {
            let record = self.found.get(id).map(|kept| &*kept.record);
            if record.is_none_or(|record| record.revision != *revision) {
                return Err(moved_on(*revision, record));
            }
        }
        let ahead = at_hand.ahead;
        let one =
            |(at, command)| self.one(means, laws, ahead, command).map_err(|failure| (Some(at), failure));
        commands.iter().enumerate().map(one).collect()
    }

    /// Finds what the commands need, and further records: in this group, in the one under way, in memory, in the ledger.
    fn prepare(
        &mut self,
        means: &Means,
        laws: &Laws,
        AtHand { ahead, kept, recent, careful }: &mut AtHand<'_>,
        commands: &[&Command],
        records: &[RecordId],
    ) -> Result<(), StoreError> {
        let mut want = Want::default();
        let mut opened = HashSet::new();
        for command in commands {
            let trusted = !*careful && !matches!(command.order, Order::Recur { .. } | Order::Elapse { .. });
            match ahead.and_then(|ahead| ahead.answers.get(&command.id)).or_else(|| recent.get(&command.id)) {
                Some(answer) => drop(self.earlier.insert(command.id.clone(), answer.clone())),
                None if trusted => drop(self.trusted.insert(command.id.clone())),
                None => want.commands.push(command.id.clone()),
            }
            if let (true, Order::Open { id, .. }) = (trusted, &command.order) {
                opened.insert(*id);
            }
        }
        let mut missing: BTreeSet<RecordId> =
            commands.iter().flat_map(|command| named(command)).chain(records.iter().copied()).collect();
        missing.extend(
            commands.iter().filter_map(|command| earlier(command, laws, &self.at.world, None).next()),
        );
        // The second and third rounds fetch what the first ones point at: parents, merged records.
        for round in 0..3 {
            let mut further = BTreeSet::new();
            for id in std::mem::take(&mut missing) {
                if self.found.contains_key(&id) || self.absent.contains(&id) || self.damaged.contains_key(&id)
                {
                    continue;
                }
                match ahead.and_then(|ahead| ahead.found.get(&id)).or_else(|| kept.get(&id)) {
                    Some(kept) => {
                        further.extend(cited(&kept.record));
                        self.found.insert(id, kept.clone());
                    }
                    None if opened.contains(&id) => drop(self.absent.insert(id)),
                    None => want.records.push(id),
                }
            }
            if want.records.is_empty() && want.commands.is_empty() {
                break;
            }
            let (records, answers) = sound::load(means.ledger.as_ref(), &want)?;
            self.earlier.extend(answers.into_iter().map(|answer| (answer.command.clone(), answer)));
            self.absent.extend(want.records);
            for (id, record) in records {
                self.absent.remove(&id);
                match record {
                    Ok(record) => {
                        further.extend(cited(&record));
                        self.keep(means, laws, Arc::new(record));
                    }
                    Err(error) => drop(self.damaged.insert(id, error)),
                }
            }
            want = Want::default();
            if round == 0 {
                further.extend(commands.iter().flat_map(|command| self.further_back(command, laws)));
            }
            missing.extend(further);
            if missing.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// Where nothing opened in the period before: what may have opened for the item in those before that.
    fn further_back(&self, command: &Command, laws: &Laws) -> Vec<RecordId> {
        let Order::Recur { item: Some(item), .. } = &command.order else { return Vec::new() };
        let since = self.found.get(item).map(|kept| kept.record.opened);
        let mut ids = earlier(command, laws, &self.at.world, since);
        match ids.next() {
            Some(newest) if self.absent.contains(&newest) => ids.collect(),
            _ => Vec::new(),
        }
    }

    /// Adds a record that was read, unless the group has it already.
    fn keep(&mut self, means: &Means, laws: &Laws, record: Arc<Record>) {
        let kept = match laws.version(&record.mechanism, record.version) {
            Some(mechanism) => {
                let made = project(mechanism, &record, &self.at.world, means.ambient.now());
                Kept { record, share: Arc::new(made.share), text: made.text.into() }
            }
            None => Kept { record, share: Arc::default(), text: "".into() },
        };
        self.found.entry(kept.record.id).or_insert(kept);
    }

    /// Decides one command after the ones before it.
    fn one(
        &mut self,
        means: &Means,
        laws: &Laws,
        ahead: Option<&Ahead>,
        command: &Command,
    ) -> Result<Outcome, Failure> {
        let digest = command.digest(self.mechanism_of(laws, command).as_deref());
        if let Some(answer) = self.earlier.get(&command.id).or_else(|| self.accepted.get(&command.id)) {
            return again(answer, digest);
        }
        let command = match order::in_order(means.ledger.as_ref(), self.at.time, command) {
            Ok(command) => command,
            // What was done once is answered also while the clock lies behind.
            Err(failure) => return self.again_or(means, &command.id, digest, failure),
        };
        let command = &*command;
        let late = RefCell::new(Ok(Vec::new()));
        let record = |id: RecordId| -> Option<Arc<Record>> {
            if let Some(kept) = self.found.get(&id) {
                return Some(kept.record.clone());
            }
            if self.absent.contains(&id) {
                return None;
            }
            if let Some(error) = self.damaged.get(&id) {
                *late.borrow_mut() = Err(error.clone());
                return None;
            }
            // Rare: a record that no command of the group named beforehand, such as one that stands in
            // the way. The group under way may hold it in a form that the ledger does not have yet. That it could not be
            // read must not be taken for its absence.
            let read = match ahead.and_then(|ahead| ahead.found.get(&id)) {
                Some(kept) => Ok(Some(kept.record.clone())),
                None => sound::record(means.ledger.as_ref(), id).map(|found| found.map(Arc::new)),
            };
            match (read, &mut *late.borrow_mut()) {
                (Ok(record), Ok(late)) => {
                    late.extend(record.clone());
                    record
                }
                (Err(error), late) => {
                    *late = Err(error);
                    None
                }
                (_, Err(_)) => None,
            }
        };
        let counter = |mechanism: &str, year: i16| {
            self.at.counters.get(&(mechanism.to_owned(), year)).copied().unwrap_or(0)
        };
        let unread = RefCell::new(Ok(()));
        let holders = |wanted: &[Claim]| -> Vec<RecordId> {
            let durable = means.ledger.holders(wanted).unwrap_or_else(|error| {
                *unread.borrow_mut() = Err(error);
                Vec::new()
            });
            let made = [&self.claimed, &self.claimed_ahead].into_iter();
            let made =
                made.flat_map(|claimed| wanted.iter().filter_map(|claim| claimed.get(claim))).flatten();
            let all: BTreeSet<RecordId> =
                durable.into_iter().map(|(_, id)| id).chain(made.copied()).collect();
            all.into_iter().collect()
        };
        let case =
            Case { laws, world: &self.at.world, record: &record, counter: &counter, holders: &holders };
        let command = match territory::may_move(command, &self.at.world) {
            true => Cow::Owned(territory::after_all(command, means.ledger.as_ref(), self.newest())?),
            false => Cow::Borrowed(command),
        };
        let decided = decide(&case, &with_posts(&command, &self.at.world));
        // Who stands in the way must not be overlooked because it could not be read.
        unread.into_inner()?;
        let late = late.into_inner().inspect_err(|error| {
            tracing::error!(%error, "a command was not decided");
            metrics::counter!("gongzhi_records_damaged").increment(1);
        })?;
        for record in late {
            self.keep(means, laws, record);
        }
        let decision = match decided {
            Ok(decision) => decision,
            // What was done once is often refused the second time.
            Err(refusal) => return self.again_or(means, &command.id, digest, refusal.into()),
        };
        // What a county loads is checked as a whole before.
        let by_person = matches!(command.actor, Actor::Person { .. });
        let document = |record: &&Record| by_person && record.mechanism == load::DOCUMENTS;
        let documents: Vec<&Record> = decision.records.values().map(Arc::as_ref).filter(document).collect();
        if !documents.is_empty() {
            let here = |id: RecordId| Some(self.found.get(&id)?.record.as_ref().clone());
            publish::may_publish(means.ledger.as_ref(), laws, &here, &documents)?;
        }
        Ok(self.accept(means, laws, &command, digest, decision)?)
    }

    /// What becomes of a command that cannot be carried out: its answer, if it was taken for new and had been
    /// carried out before; else the failure.
    fn again_or(
        &mut self,
        means: &Means,
        command: &CommandId,
        digest: Digest,
        failure: Failure,
    ) -> Result<Outcome, Failure> {
        if !self.trusted.remove(command) {
            return Err(failure);
        }
        let want = Want { records: Vec::new(), commands: vec![command.clone()] };
        means.ledger.load(&want)?.answers.pop().map_or(Err(failure), |answer| again(&answer, digest))
    }

    /// The mechanism that a command is about, as far as it is known already.
    fn mechanism_of(&self, laws: &Laws, command: &Command) -> Option<Arc<Mechanism>> {
        match &command.order {
            Order::Open { mechanism, .. } | Order::Recur { mechanism, .. } => laws.newest(mechanism).cloned(),
            order => {
                let record = &self.found.get(&order.record())?.record;
                laws.version(&record.mechanism, record.version).cloned()
            }
        }
    }

    fn accept(
        &mut self,
        means: &Means,
        laws: &Laws,
        command: &Command,
        digest: Digest,
        mut decision: Decision,
    ) -> Result<Outcome, StoreError> {
        // First all that may fail, and nothing of it is in the group yet: a command that is answered as failed
        // leaves nothing behind.
        means.seals.seal(&mut decision, &mut self.ring)?;
        let shift = self.shift_of(means, laws, &decision)?;
        for event in &decision.events {
            if matches!(event.deed, Deed::Erased { .. }) {
                self.ring.destroy(event.record);
            }
        }
        for event in &decision.events {
            let head = self.at.head;
            let (entry, next) = head.append(&self.at.world.county, event, means.ambient.sixteen());
            let told = outbox::of_event(laws, &self.at.world, event, decision.telling(event));
            self.batch.notices.extend((0..).zip(told).map(|(n, told)| (Mark { seq: head.size, n }, told)));
            self.batch.nodes.extend(self.at.edge.push(entry.hash));
            self.batch.looks.extend(Look::of(entry.header.seq, event));
            self.batch.entries.push(entry);
            (self.at.head, self.at.time) = (next, event.at);
        }
        // Where places lie comes before the records: under which ones they count depends on it.
        self.take_places(means, laws, &decision, shift);
        let id = command.order.record();
        let of = decision.records.get(&id);
        let revision = of.map_or(0, |record| record.revision);
        let number = of.map(|record| record.number.clone());
        for (id, record) in decision.records {
            self.store(means, laws, id, record);
        }
        self.at.counters.extend(decision.counters.clone());
        self.batch.counters.extend(decision.counters);
        let seq = self.at.head.size.saturating_sub(1);
        let answer = Answer { command: command.id.clone(), digest, record: id, revision, seq };
        self.accepted.insert(command.id.clone(), answer);
        Ok(Outcome { record: id, revision, seq, number, again: false })
    }

    /// A record changed: what is to be stored of it, and what that changes in the figures.
    fn store(&mut self, means: &Means, laws: &Laws, id: RecordId, record: Arc<Record>) {
        let Some(mechanism) = laws.version(&record.mechanism, record.version) else { return };
        if mechanism.register.as_deref().is_some_and(|register| register != "place") {
            Arc::make_mut(&mut self.at.world).register(mechanism, &record);
        }
        self.claim(laws, mechanism, &record);
        let mut made = project(mechanism, &record, &self.at.world, means.ambient.now());
        // Figures are stored as cells.
        let share = Arc::new(std::mem::take(&mut made.share));
        let before = self.found.get(&id);
        let nothing = Share::default();
        before.map_or(&nothing, |before| &before.share).change(&share, |key, change| {
            let sum = self.cells.entry(key).or_default();
            sum.0 += change.0;
            sum.1 += change.1;
        });
        let text_changed = before.map_or("", |before| &before.text) != made.text;
        let receipt = (before.is_none() && mechanism.receipt).then(|| codes::digest(&means.secret.code(id)));
        let text = made.text.as_str().into();
        let mut stored = Stored { snapshot: record.to_bytes(), receipt, projection: made, text_changed };
        if let Some(earlier) = self.changed.remove(&id) {
            stored.receipt = stored.receipt.or(earlier.receipt);
            stored.text_changed |= earlier.text_changed;
        }
        self.changed.insert(id, stored);
        self.found.insert(id, Kept { record, share, text });
    }

    /// When the newest record of the group was opened.
    fn newest(&self) -> Option<Timestamp> {
        self.changed.values().map(|stored| stored.projection.row.opened).max()
    }

    /// Notes what a changed record claims, for the commands behind and for the ledger.
    fn claim(&mut self, laws: &Laws, mechanism: &Mechanism, record: &Record) {
        let zone = self.at.world.zone;
        if mechanism.constraints.is_empty() {
            return;
        }
        let found = &self.found;
        self.claimed_before.entry(record.id).or_insert_with(|| {
            let before = found.get(&record.id).map(|kept| &kept.record);
            let claimed = before.and_then(|before| {
                let law = laws.version(&before.mechanism, before.version)?;
                Some(claims::of(law, before, zone))
            });
            claimed.unwrap_or_default().into_iter().collect()
        });
        for claim in claims::of(mechanism, record, zone) {
            self.claimed.entry(claim).or_default().insert(record.id);
        }
    }

    /// What is claimed and freed over the whole group.
    fn claims(&mut self, laws: &Laws) {
        for (id, before) in std::mem::take(&mut self.claimed_before) {
            let Some(kept) = self.found.get(&id) else { continue };
            let law = laws.version(&kept.record.mechanism, kept.record.version);
            let now: BTreeSet<Claim> = law
                .map(|law| claims::of(law, &kept.record, self.at.world.zone).into_iter().collect())
                .unwrap_or_default();
            self.batch.freed.extend(before.difference(&now).map(|claim| (*claim, id)));
            self.batch.claimed.extend(now.difference(&before).map(|claim| (*claim, id)));
        }
    }

    /// Ends the making: what the group leaves, and what the committer writes.
    pub fn close(mut self, laws: &Laws) -> (Ahead, Decided) {
        self.claims(laws);
        let Group {
            from,
            at,
            answers,
            mut found,
            accepted,
            claimed,
            trusted,
            mut ring,
            mut batch,
            changed,
            cells,
            moved,
            ..
        } = self;
        found.retain(|id, _| changed.contains_key(id));
        ring.keep(|id| changed.contains_key(id));
        batch.answers = accepted.values().cloned().collect();
        batch.records = changed.into_values().collect();
        batch.cells = cells.into_iter().filter(|(_, change)| *change != (0, 0)).collect();
        batch.keys = ring.fresh.iter().map(|(id, key)| (*id, key.clone())).collect();
        batch.destroyed = ring.destroyed.clone();
        let world = (!Arc::ptr_eq(&from.world, &at.world)).then(|| at.world.clone());
        let careful = trusted.is_empty();
        let plain = moved.is_empty() && !publish::publishes(&batch);
        let decided = Decided { expect: from.head, batch, world, answers, careful, plain };
        (Ahead { at, found, moved, answers: accepted, claimed, ring }, decided)
    }
}

/// What a command is answered that was accepted before.
fn again(answer: &Answer, digest: Digest) -> Result<Outcome, Failure> {
    if answer.digest != digest {
        return Err(Failure::Refused(Refusal::CommandReused));
    }
    Ok(Outcome {
        record: answer.record,
        revision: answer.revision,
        seq: answer.seq,
        number: None,
        again: true,
    })
}

/// The command with the posts that its actor holds now: rights follow from them when it is
/// decided, not when it was sent, so that whoever lost a post meanwhile has lost it.
fn with_posts<'c>(command: &'c Command, world: &World) -> Cow<'c, Command> {
    let Actor::Person { code, posts } = &command.actor else { return Cow::Borrowed(command) };
    let held = world.posts_of(code, world.zone.date(command.at));
    if held == *posts {
        return Cow::Borrowed(command);
    }
    let actor = Actor::Person { code: code.clone(), posts: held };
    Cow::Owned(Command { actor, ..command.clone() })
}
