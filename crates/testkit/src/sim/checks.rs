//! What must hold: some of it after each start, all of it at the end.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{CommandId, RecordId, Timestamp, Value};
use gongzhi_kernel::project::project;
use gongzhi_kernel::{Event, Record};
use gongzhi_service::compare::Strange;
use gongzhi_service::recount::{self, Difference};
use gongzhi_store::{Ledger, ListQuery, StoreError};

use super::book::Became;
use super::fill::SECRET;
use super::life::Life;
use super::model::{Known, Violation, broken};
use super::rules::By;

fn general(what: impl Into<String>) -> Violation {
    Violation { what: what.into(), record: None }
}

impl From<StoreError> for Violation {
    fn from(error: StoreError) -> Violation {
        general(format!("the database failed without a fault: {error}"))
    }
}

impl Life<'_> {
    /// After each start: what was acknowledged last is there and is answered the same.
    pub fn after_start(&mut self) -> Result<(), Violation> {
        self.machine.clock.set(self.server_now());
        let last: Vec<CommandId> = self.book.acknowledged.iter().rev().take(25).cloned().collect();
        for node in 0..self.machine.count() {
            self.same_answers(node, &last)?;
        }
        if self.chance.happens(25.0) {
            self.machine.audit().map_err(general)?;
            self.tally.checks += 1;
        }
        Ok(())
    }

    /// Commands sent again are answered the same and do nothing.
    fn same_answers(&mut self, node: usize, ids: &[CommandId]) -> Result<(), Violation> {
        for ids in ids.chunks(200) {
            let service = &self.machine.at(node).service;
            let command = |id: &CommandId| {
                let sent = &self.book.sent[id];
                let (actor, order) = (sent.by.actor(service), sent.order.clone());
                gongzhi_kernel::Command { id: id.clone(), actor, at: service.now(), order }
            };
            let answers = service.engine().act_all(ids.iter().map(command).collect());
            let became = self.take_answers(node, ids, &answers)?;
            if became.iter().any(|became| *became != Became::Again) {
                return Err(general(format!("sent again and not answered as before: {became:?}")));
            }
            self.tally.checks += ids.len() as u64;
        }
        Ok(())
    }

    /// Somebody reads lists and searches: nothing but what they may read, and all of it.
    pub fn read(&mut self) -> Result<(), Violation> {
        let node = self.some_node(true);
        let people: Vec<String> = self.model.posts().map(|(person, _)| person.clone()).collect();
        let Some(person) = self.chance.one(&people).cloned() else { return Ok(()) };
        let month = self.zone.month(self.server_now());
        self.lists(node, &person, Some(month))?;
        self.inbox(node, &person)?;
        let Some(id) = self.chance.one(&self.model.cases).copied() else { return Ok(()) };
        let word = self.chance.one(&self.habits.words).cloned().unwrap_or_default();
        self.searches(node, &person, id, &word)
    }

    fn lists(&mut self, node: usize, person: &str, month: Option<String>) -> Result<(), Violation> {
        let by = By::Person(person.to_owned());
        let service = &self.machine.at(node).service;
        let actor = by.actor(service);
        // Registers too, when everything is compared.
        let ids: Vec<RecordId> = match &month {
            Some(_) => self.model.cases.clone(),
            None => self.model.records.keys().copied().collect(),
        };
        let mechanisms: BTreeSet<&String> = ids.iter().map(|id| &self.model.records[id].mechanism).collect();
        for mechanism in mechanisms {
            let may = |id: &&RecordId| {
                let known = &self.model.records[*id];
                known.mechanism == *mechanism
                    && month.as_ref().is_none_or(|month| self.zone.month(known.opened) == *month)
                    && self.model.may_read(&by, **id, known)
            };
            let expected: BTreeSet<RecordId> = ids.iter().filter(may).copied().collect();
            let mut found = BTreeSet::new();
            let mut after = None;
            loop {
                let query = ListQuery {
                    mechanism: Some(mechanism.clone()),
                    month: month.clone(),
                    after,
                    limit: 200,
                    ..ListQuery::default()
                };
                let page =
                    service.list(&actor, query).map_err(|failure| general(format!("a list: {failure:?}")))?;
                found.extend(page.rows.iter().map(|row| row.id));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            self.tally.checks += 1;
            if let Some(id) = found.difference(&expected).next() {
                return Err(broken(*id, format!("right crossed: listed for {person}, who may not read it")));
            }
            if let Some(id) = expected.difference(&found).next() {
                return Err(broken(*id, format!("not listed for {person}, who may read it")));
            }
        }
        Ok(())
    }

    pub fn inbox(&mut self, node: usize, person: &str) -> Result<(), Violation> {
        let waiting = |(id, known): (&RecordId, &Known)| {
            (self.model.open(known) && self.model.waits_for(person, known)).then_some(*id)
        };
        let expected: BTreeSet<RecordId> = self.model.records.iter().filter_map(waiting).collect();
        self.compare_inbox(node, person, &expected)
    }

    fn compare_inbox(
        &mut self,
        node: usize,
        person: &str,
        expected: &BTreeSet<RecordId>,
    ) -> Result<(), Violation> {
        let service = &self.machine.at(node).service;
        let actor = By::Person(person.to_owned()).actor(service);
        let mut found = BTreeSet::new();
        let mut after = None;
        loop {
            let page = service
                .inbox(&actor, after, 200)
                .map_err(|failure| general(format!("an inbox: {failure:?}")))?;
            found.extend(page.rows.iter().map(|row| row.id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        self.tally.checks += 1;
        if let Some(id) = found.symmetric_difference(expected).next() {
            let there = found.contains(id);
            return Err(broken(
                *id,
                format!("in the inbox of {person}: {there}, waits for them: {}", !there),
            ));
        }
        Ok(())
    }

    fn searches(&mut self, node: usize, person: &str, id: RecordId, word: &str) -> Result<(), Violation> {
        let by = By::Person(person.to_owned());
        let service = &self.machine.at(node).service;
        let actor = by.actor(service);
        let failed = |failure| general(format!("a search: {failure:?}"));
        for row in service.search(&actor, word, 50).map_err(failed)? {
            let known = self.model.records.get(&row.id);
            if !known.is_some_and(|known| self.model.may_read(&by, row.id, known)) {
                return Err(broken(row.id, format!("right crossed: `{word}` finds it for {person}")));
            }
        }
        let known = &self.model.records[&id];
        if !known.number.is_empty() {
            let rows = service.search(&actor, &known.number, 50).map_err(failed)?;
            let found = rows.iter().any(|row| row.id == id);
            if found != self.model.may_read(&by, id, known) {
                return Err(broken(id, format!("found by its number by {person}: {found}")));
            }
        }
        self.tally.checks += 2;
        Ok(())
    }

    /// Everything that must hold at the end.
    pub fn check_all(&mut self) -> Result<(), Violation> {
        let (size, root) = self.machine.audit().map_err(general)?;
        self.model.numbers_are_whole()?;
        let left =
            self.book.sent.iter().find(|(_, sent)| sent.durable.is_some() && sent.acknowledged.is_none());
        if let Some((id, sent)) = left {
            return Err(broken(
                sent.order.record(),
                format!("{} is durable and was never answered", id.as_str()),
            ));
        }
        let real = self.machine.at(0).real.clone();
        self.answers_are_all(real.as_ref())?;
        self.read_models(real.as_ref())?;
        self.inboxes()?;
        for _ in 0..25 {
            let people: Vec<String> = self.model.posts().map(|(person, _)| person.clone()).collect();
            let Some(person) = self.chance.one(&people).cloned() else { break };
            self.lists(0, &person, None)?;
        }
        self.erasures(real.as_ref())?;
        if self.machine.holds(SECRET.as_bytes()).map_err(|error| general(error.to_string()))? {
            return Err(general("a personal value stands in clear in the database"));
        }
        let all = self.book.acknowledged.clone();
        self.same_answers(0, &all)?;
        drop(real);
        self.machine.off();
        self.machine.on()?;
        let again = self.machine.audit().map_err(general)?;
        if again != (size, root) {
            return Err(general(format!("the log was {size} {root} and is {again:?} after a restart")));
        }
        self.tally.checks += 6;
        Ok(())
    }

    /// The answers kept are those that were made durable.
    fn answers_are_all(&mut self, ledger: &dyn Ledger) -> Result<(), Violation> {
        let durable: usize = self.machine.recorder.since(0).iter().map(|group| group.answers.len()).sum();
        let (mut kept, mut after) = (0, None);
        loop {
            let page = ledger.answers(after.as_ref(), 1_000)?;
            kept += page.len();
            match page.last() {
                Some(last) => after = Some(last.command.clone()),
                None => break,
            }
        }
        self.tally.checks += durable as u64;
        if kept != durable {
            Err(general(format!("{durable} answers were made, {kept} are kept")))
        } else {
            Ok(())
        }
    }

    /// Snapshots, rows, timers and figures are what the entries say.
    fn read_models(&mut self, ledger: &dyn Ledger) -> Result<(), Violation> {
        let mut records: BTreeMap<RecordId, Record> = BTreeMap::new();
        // The entry by which each record last changed, by the record's name in what a recount tells.
        let mut last: HashMap<String, u64> = HashMap::new();
        let (mut from, size) = (0, ledger.head()?.size);
        while from < size {
            for entry in ledger.entries(from, 1_000)? {
                let event = Event::from_bytes(&entry.body).map_err(|error| general(error.to_string()))?;
                let old = records.remove(&event.record);
                let folded =
                    Record::fold(old, &event).map_err(|_| broken(event.record, "an event does not fit"))?;
                last.insert(folded.id.to_string(), entry.header.seq);
                records.insert(folded.id, folded);
                from = entry.header.seq + 1;
            }
        }
        // Perhaps another node wrote last: a node hears of it a moment later.
        self.machine.at(0).service.engine().follow();
        let state = self.machine.at(0).service.state().clone();
        let now = self.server_now();
        let mut timers: BTreeSet<(RecordId, String, i64)> = BTreeSet::new();
        for (id, record) in &records {
            self.tally.checks += 3;
            let known = &self.model.records[id];
            if (known.revision, &known.state, &known.place) != (record.revision, &record.state, &record.place)
            {
                return Err(broken(*id, format!("folded to {record:?}")));
            }
            if ledger.snapshot(*id)?.as_deref() != Some(record.to_bytes().as_slice()) {
                return Err(broken(*id, "its snapshot is not the fold of its entries"));
            }
            let law = state.laws.version(&record.mechanism, record.version);
            let law = law.ok_or_else(|| broken(*id, "its mechanism is not known"))?;
            let made = project(law, record, &state.world, now);
            let kept = ledger.rows(&[*id])?;
            if kept != [made.row.clone()] {
                return Err(broken(*id, format!("its row is {kept:?} and has to be {:?}", made.row)));
            }
            timers.extend(made.timers.into_iter().map(|(name, at)| (*id, name, at.0)));
        }
        let kept = ledger.timers(Timestamp(i64::MAX), u32::MAX)?;
        let kept: BTreeSet<(RecordId, String, i64)> =
            kept.into_iter().map(|timer| (timer.record, timer.deadline, timer.at.0)).collect();
        if let Some((id, name, at)) = kept.symmetric_difference(&timers).next() {
            let here = kept.contains(&(*id, name.clone(), *at));
            return Err(broken(*id, format!("timer `{name}` at {at} kept: {here}, wanted: {}", !here)));
        }
        let counted = recount::recount(ledger, None, now, &mut |_, _| {})?;
        self.tally.checks += counted.cells;
        // A record is found by the names that places, units and kinds had when it last changed.
        let registers = records.values().filter(|record| {
            state.laws.newest(&record.mechanism).is_some_and(|mechanism| mechanism.register.is_some())
        });
        let named = registers.filter_map(|record| last.get(&record.id.to_string())).max().copied();
        let old = |strange: &Strange| {
            strange.kind == "name" && last.get(&strange.which).is_some_and(|last| Some(*last) < named)
        };
        if let Some(strange) = counted.strange.iter().find(|one| !old(one)) {
            return Err(general(format!("{strange:?} is kept otherwise than the entries say")));
        }
        let told = |Difference { key, kept, counted }: &Difference| {
            format!("{key:?} is kept as {kept:?}, the recount gives {counted:?}")
        };
        match counted.differences.len() {
            0 => Ok(()),
            all => {
                let first: Vec<String> = counted.differences.iter().take(6).map(told).collect();
                let key = &counted.differences[0].key;
                let there = |record: &&Record| {
                    let law = state.laws.version(&record.mechanism, record.version);
                    let share = law.map(|law| project(law, record, &state.world, now).share);
                    share.is_some_and(|share| share.cells().iter().any(|cell| cell.key == *key))
                };
                let whose = records.values().filter(there).map(|record| {
                    let (id, opened) = (record.id, record.opened);
                    let line = |at| state.world.lineage().line(&record.place, at).join(" ");
                    format!("{id} of {}: {} then, {} now", opened.rfc3339(), line(Some(opened)), line(None))
                });
                let whose: Vec<String> = whose.take(4).collect();
                Err(general(format!(
                    "{all} figures differ: {}; in the first of them count {}",
                    first.join("; "),
                    whose.join("; ")
                )))
            }
        }
    }

    /// Every inbox holds what waits for its owner.
    fn inboxes(&mut self) -> Result<(), Violation> {
        let mut waiting: HashMap<(String, String), Vec<RecordId>> = HashMap::new();
        for (id, known) in &self.model.records {
            if self.model.open(known) {
                for key in self.model.inboxes(known) {
                    waiting.entry(key).or_default().push(*id);
                }
            }
        }
        let people: BTreeSet<String> = self.model.posts().map(|(person, _)| person.clone()).collect();
        for person in people {
            let mut expected = BTreeSet::new();
            for post in self.model.posts_of(&person) {
                for at in post.unit.iter().chain([&post.place]) {
                    let key = (post.role.clone(), at.clone());
                    expected.extend(waiting.get(&key).into_iter().flatten().copied());
                }
            }
            self.compare_inbox(0, &person, &expected)?;
        }
        Ok(())
    }

    /// What was erased cannot be read any more; what was not has its key.
    fn erasures(&mut self, ledger: &dyn Ledger) -> Result<(), Violation> {
        for (id, known) in &self.model.records {
            let sealed = known.fields.values().any(|value| matches!(value, Value::Sealed(_)));
            if !sealed && !known.erased {
                continue;
            }
            self.tally.checks += 1;
            let keys = ledger.keys(&[*id])?.len();
            if sealed && keys == 0 {
                return Err(broken(*id, "its personal values have lost their key"));
            }
            if known.erased && keys > 0 {
                return Err(broken(*id, "erased, and its key is still there"));
            }
        }
        Ok(())
    }
}
