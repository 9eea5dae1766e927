//! What people do: open, turn to what waits for them, look, erase, keep the registers, and all of it
//! wrongly now and then. Which steps there are, only the documents and the service say.

use std::collections::BTreeMap;
use std::sync::Arc;

use gongzhi_base::{RecordId, Value};
use gongzhi_kernel::command::Input;
use gongzhi_kernel::{Order, Raw, Refusal};
use gongzhi_lang::model::{Mechanism, Step, Who};
use gongzhi_service::{Failure, seal};

use super::book::Became;
use super::fill::{Pen, SECRET};
use super::life::{DAY, HOUR, Life, What};
use super::model::{Violation, broken};
use super::rules::By;

/// Who wants to do what, and the mistake that he means to make.
type Intent = (By, Order, Option<&'static str>);

impl Life<'_> {
    fn pen<T>(&mut self, work: impl FnOnce(&mut Pen<'_>) -> T) -> T {
        self.pen_for(&BTreeMap::new(), work)
    }

    fn pen_for<T>(&mut self, known: &BTreeMap<String, Value>, work: impl FnOnce(&mut Pen<'_>) -> T) -> T {
        let today = self.zone.date(self.server_now());
        let state = self.machine.at(0).service.state().clone();
        let mut chance = self.chance.clone();
        let made = work(&mut Pen {
            habits: self.habits,
            world: &state.world,
            model: &self.model,
            photo: &self.photo,
            file: &self.file,
            today,
            chance: &mut chance,
            known,
        });
        self.chance = chance;
        made
    }

    /// People who hold a post that one of `who` names, for a record or anywhere.
    fn people(&self, who: &[Who], record: Option<RecordId>) -> Vec<By> {
        let known = record.and_then(|id| self.model.records.get(&id));
        let mut found = Vec::new();
        for (person, post) in self.model.posts() {
            let fits = who.iter().any(|who| match (who, known) {
                (Who::Role(role), Some(known)) => {
                    post.role == *role && self.model.covers(&post.place, &known.place)
                }
                (Who::Role(role), None) => post.role == *role,
                (Who::RoleOf { role, field }, Some(known)) => {
                    let units = known.fields.get(field).map(Value::items).unwrap_or_default();
                    post.role == *role
                        && post
                            .unit
                            .as_deref()
                            .is_some_and(|unit| units.iter().any(|u| u.text() == Some(unit)))
                }
                _ => false,
            });
            if fits {
                found.push(By::Person(person.clone()));
            }
        }
        if who.contains(&Who::Anyone) {
            found.push(By::Public);
        }
        found
    }

    /// Whether a person is away this week.
    fn absent(&self, by: &By) -> bool {
        let By::Person(person) = by else { return false };
        let week = (self.now / (7 * DAY)).to_be_bytes();
        let digest =
            gongzhi_base::Digest::of_parts(&[person.as_bytes(), &week, &self.plan.seed.to_be_bytes()]);
        f64::from(digest.0[0]) * 100.0 / 256.0 < self.habits.people.absent
    }

    /// Somewhere in the county where a mechanism's records live, within somebody's posts.
    fn some_place(&mut self, law: &Mechanism, by: &By) -> String {
        let places: Vec<String> = self.model.places(&law.lives_at).into_iter().map(str::to_owned).collect();
        if let By::Person(person) = by {
            let posts: Vec<gongzhi_kernel::Post> = self.model.posts_of(person).cloned().collect();
            let under = |place: &&String| posts.iter().any(|post| self.model.covers(&post.place, place));
            let within: Vec<String> = places.iter().filter(under).cloned().collect();
            if let Some(place) = self.chance.one(&within) {
                return place.clone();
            }
        }
        self.chance.one(&places).cloned().unwrap_or_default()
    }

    /// Somebody opens a record.
    pub fn open(&mut self) -> Result<(), Violation> {
        let laws = self.model.laws.clone();
        let all = laws.library.mechanisms.values().filter(|law| law.register.is_none());
        let ways: Vec<(&Arc<Mechanism>, &Step)> = all
            .flat_map(|law| law.openers().map(move |step| (law, step)))
            .filter(|(_, step)| step.by.iter().any(|who| matches!(who, Who::Anyone | Who::Role(_))))
            .collect();
        let weight = |(law, step): &(&Arc<Mechanism>, &Step)| {
            self.habits.openings.get(&format!("{}.{}", law.name, step.name)).copied().unwrap_or(1.0)
        };
        let weights: Vec<f64> = ways.iter().map(weight).collect();
        let Some(at) = self.chance.weighted(&weights) else { return Ok(()) };
        let (law, step) = ways[at];
        let public = step.by.contains(&Who::Anyone) && self.chance.happens(50.0);
        let people = if public { vec![By::Public] } else { self.people(&step.by, None) };
        let Some(by) = self.chance.one(&people).cloned() else { return Ok(()) };
        let place = self.some_place(law, &by);
        let Some(mut input) = self.pen(|pen| pen.fill(law, step, &place)) else { return Ok(()) };
        let wrong = self.chance.happens(self.habits.wrong.malformed);
        let wrong = wrong.then(|| self.pen(|pen| pen.spoil(law, step, &mut input)));
        let id = RecordId::at(self.server_now().0, self.chance.ten());
        let order = Order::Open { mechanism: law.name.clone(), step: step.name.clone(), id, input };
        self.give(by, order, wrong)
    }

    /// Sends an order, or keeps it on a phone without network.
    fn give(&mut self, by: By, order: Order, wrong: Option<&'static str>) -> Result<(), Violation> {
        let staff = matches!(by, By::Person(_));
        let id = self.write(by, order, wrong);
        if staff && self.chance.happens(self.habits.people.offline) {
            let hours = self.chance.skewed(self.habits.people.offline_hours);
            self.note(None, || format!("{} waits on a phone", id.as_str()));
            self.push((hours * HOUR as f64) as i64, What::Deliver(vec![id.clone()]));
            if self.chance.happens(40.0) {
                // The phone did not hear the answer and sends all of it once more.
                self.push(((hours + 1.0) * HOUR as f64) as i64, What::Deliver(vec![id.clone(), id]));
            }
            return Ok(());
        }
        let node = self.some_node(false);
        let became = self.send(node, std::slice::from_ref(&id))?;
        if became == [Became::Accepted]
            && self.chance.happens(self.habits.wrong.reused)
            && self.machine.is_on()
        {
            self.reuse(&id)?;
        }
        Ok(())
    }

    /// The identifier of an accepted command is used for something else.
    fn reuse(&mut self, id: &gongzhi_base::CommandId) -> Result<(), Violation> {
        let node = self.some_node(false);
        let service = &self.machine.at(node).service;
        let sent = &self.book.sent[id];
        let record = sent.durable.as_ref().map_or(sent.order.record(), |answer| answer.record);
        let order = Order::Look { record, fields: vec!["nothing".into()], purpose: "another content".into() };
        let command = gongzhi_kernel::Command {
            id: id.clone(),
            actor: sent.by.actor(service),
            at: service.now(),
            order,
        };
        match service.engine().act_blocking(command) {
            Err(Failure::Refused(Refusal::CommandReused)) => Ok(()),
            other => Err(broken(record, format!("{} used again for something else: {other:?}", id.as_str()))),
        }
    }

    /// Somebody turns to a record: the page is read, one of the steps offered is taken.
    pub fn attend(&mut self, record: RecordId) -> Result<(), Violation> {
        let node = self.some_node(true);
        let Some((by, order, wrong)) = self.intend(node, record)? else { return Ok(()) };
        if matches!(order, Order::Look { .. }) && wrong.is_none() {
            return self.look(node, by, order);
        }
        self.give(by, order, wrong)
    }

    /// Who turns to a record: mostly somebody for whom it waits.
    fn who(&mut self, record: RecordId) -> Option<By> {
        let known = self.model.records.get(&record)?;
        let law = self.model.law(known)?.clone();
        let waits: Vec<Who> = law.state(&known.state).map(|state| state.waits.clone()).unwrap_or_default();
        let steps = law.steps.iter().filter(|step| step.from.contains(&known.state) && step.auto.is_none());
        let acting: Vec<Who> = steps.flat_map(|step| step.by.clone()).collect();
        let wrong = &self.habits.wrong;
        if self.chance.happens(wrong.stranger) {
            let people: Vec<By> = self.model.posts().map(|(person, _)| By::Person(person.clone())).collect();
            // Somebody else's code, as far as records have one.
            let other = self.chance.one(&self.model.cases).copied();
            let other =
                other.filter(|id| self.model.law(&self.model.records[id]).is_some_and(|law| law.receipt));
            let other = other.map(By::Holder);
            let former: Vec<By> = self.model.not_in_post().into_iter().cloned().map(By::Person).collect();
            let stranger = if self.chance.happens(50.0) { &people } else { &former };
            let stranger = self.chance.one(stranger).cloned();
            return if self.chance.happens(20.0) { other } else { stranger };
        }
        let holder = law.receipt && (waits.contains(&Who::Holder) || acting.contains(&Who::Holder));
        if holder && self.chance.happens(self.habits.people.holder) {
            return Some(By::Holder(record));
        }
        let mut people = self.people(&waits, Some(record));
        if people.is_empty() || self.chance.happens(15.0) {
            people = self.people(&acting, Some(record));
        }
        if people.is_empty() && holder {
            return Some(By::Holder(record));
        }
        let by = self.chance.one(&people).cloned()?;
        if self.absent(&by) {
            // Nobody is there: later.
            self.push(2 * DAY, What::Attend(record));
            return None;
        }
        Some(by)
    }

    /// What somebody who opens a record's page wants to do with it.
    fn intend(&mut self, node: usize, record: RecordId) -> Result<Option<Intent>, Violation> {
        let Some(by) = self.who(record) else { return Ok(None) };
        self.by_code(node, record, &by)?;
        let known = self.model.records[&record].clone();
        let service = &self.machine.at(node).service;
        let actor = by.actor(service);
        let view = match (service.view(&actor, record), self.model.may_read(&by, record, &known)) {
            (Ok(view), true) => view,
            (Err(Failure::NotFound), false) => {
                // Not shown; whoever guesses a step gets nothing either.
                let Some(law) = self.model.law(&known).cloned() else { return Ok(None) };
                let Some(step) = self.chance.one(&law.steps) else { return Ok(None) };
                let step = Order::Step { record, step: step.name.clone(), expect: None, input: Input::new() };
                return Ok(Some((by, step, None)));
            }
            (Ok(_), false) => return Err(broken(record, format!("shown to {by:?}, who may not read it"))),
            (Err(failure), true) => return Err(broken(record, format!("not shown to {by:?}: {failure:?}"))),
            (Err(failure), false) => return Err(broken(record, format!("{failure:?}"))),
        };
        self.covered(&view, &by, record)?;
        if let By::Person(person) = &by
            && self.chance.happens(25.0)
        {
            self.inbox(node, person)?;
        }
        let law = view.mechanism.clone();
        for name in &view.steps {
            let step = law.step(name);
            let may = step.is_some_and(|step| {
                step.from.contains(&known.state)
                    && self.model.allows(&step.by, &by, record, Some(&known), &known.place)
            });
            if !may {
                return Err(broken(record, format!("`{name}` is offered to {by:?} in `{}`", known.state)));
            }
        }
        self.tally.checks += 2;
        let revision = view.record.revision;
        if !view.may_look.is_empty() && self.chance.happens(self.habits.people.looks) {
            let fields = vec![self.chance.one(&view.may_look).cloned().unwrap_or_default()];
            return Ok(Some((by, Order::Look { record, fields, purpose: "to ask back".into() }, None)));
        }
        if view.erasure.is_ok() && self.chance.happens(self.habits.people.erasures) {
            return Ok(Some((by, Order::Erase { record, reason: "on demand".into() }, None)));
        }
        let wrong = self.habits.wrong.clone();
        let offered: Vec<&Step> = if self.chance.happens(wrong.state) {
            law.steps.iter().collect()
        } else {
            view.steps.iter().filter_map(|name| law.step(name)).collect()
        };
        let weight = |step: &&Step| {
            self.habits.steps.get(&format!("{}.{}", law.name, step.name)).copied().unwrap_or(1.0)
        };
        let weights: Vec<f64> = offered.iter().map(weight).collect();
        let Some(at) = self.chance.weighted(&weights) else { return Ok(None) };
        let step = offered[at];
        let Some(mut input) = self.pen_for(&known.fields, |pen| pen.fill(&law, step, &known.place)) else {
            return Ok(None);
        };
        let spoilt = self.chance.happens(wrong.malformed);
        let spoilt = spoilt.then(|| self.pen(|pen| pen.spoil(&law, step, &mut input)));
        let expect = match self.chance.count(0, 99) {
            at if (at as f64) < wrong.stale => Some(revision.saturating_sub(1 + at % 3)),
            0..60 => Some(revision),
            _ => None,
        };
        Ok(Some((by, Order::Step { record, step: step.name.clone(), expect, input }, spoilt)))
    }

    /// The holder comes by the receipt code; a wrong one opens nothing.
    fn by_code(&mut self, node: usize, record: RecordId, by: &By) -> Result<(), Violation> {
        let service = &self.machine.at(node).service;
        if matches!(by, By::Holder(own) if *own == record) {
            let code = service.receipt_code(record);
            let found = service.by_code(&code);
            if !matches!(&found, Ok(Some(id)) if *id == record) {
                return Err(broken(record, format!("its receipt code opens {found:?}")));
            }
        }
        if self.chance.happens(self.habits.wrong.code) {
            let typed = format!("{:016X}", self.chance.bits());
            let found = self.machine.at(node).service.by_code(&typed);
            if !matches!(found, Ok(None)) {
                return Err(broken(record, format!("a made-up code opens {found:?}")));
            }
        }
        Ok(())
    }

    /// A page holds personal values covered only, but the holder's own.
    fn covered(
        &self,
        view: &gongzhi_service::desk::RecordView,
        by: &By,
        record: RecordId,
    ) -> Result<(), Violation> {
        let values = view.history.iter().filter_map(|(_, event)| match &event.deed {
            gongzhi_kernel::Deed::Step(taken) => Some(taken.set.values()),
            _ => None,
        });
        let mut sealed = 0;
        for value in values.flatten().chain(view.record.fields.values()) {
            let Value::Sealed(value) = value else { continue };
            sealed += 1;
            let text = String::from_utf8_lossy(&value.bytes);
            if value.scheme != seal::scheme::COVERED || text.contains(SECRET) {
                return Err(broken(record, "a personal value is shown uncovered"));
            }
        }
        let own = view.record.sealed().count();
        let holder = matches!(by, By::Holder(holder) if *holder == record);
        if view.own.len() != if holder { own } else { 0 } {
            let what = format!("{by:?} sees {} personal values of {own} ({sealed} in all)", view.own.len());
            return Err(broken(record, what));
        }
        let plain = |value: &Value| value.text().is_some_and(|text| text.starts_with(SECRET));
        match view.own.values().all(plain) {
            true => Ok(()),
            false => Err(broken(record, "a personal value came back as another")),
        }
    }

    /// A look at personal values: they are shown when the look is in the log.
    fn look(&mut self, node: usize, by: By, order: Order) -> Result<(), Violation> {
        let Order::Look { record, fields, purpose } = order.clone() else { return Ok(()) };
        let id = self.write(by.clone(), order, None);
        if let Some(sent) = self.book.sent.get_mut(&id) {
            sent.tries += 1;
        }
        let service = &self.machine.at(node).service;
        let look = service.look(id.clone(), by.actor(service), record, fields.clone(), purpose);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build();
        let runtime = runtime.map_err(|error| broken(record, error.to_string()))?;
        let (answer, shown) = match runtime.block_on(look) {
            Ok((outcome, shown)) => (Ok(outcome), shown),
            Err(failure) => (Err(failure), Vec::new()),
        };
        let right = shown.iter().all(|(name, value)| {
            fields.contains(name) && value.text().is_some_and(|text| text.starts_with(SECRET))
        });
        if !right || (answer.is_ok() && shown.len() != fields.len()) {
            return Err(broken(record, format!("a look at {fields:?} showed {} values", shown.len())));
        }
        self.take_answers(node, &[id], &[answer]).map(|_| ())
    }

    /// Somebody publishes a document anew: every mechanism in it says something else under a higher version.
    pub fn revise(&mut self) -> Result<(), Violation> {
        let laws = self.model.laws.clone();
        let mut registers =
            laws.library.mechanisms.values().filter(|law| law.register.as_deref() == Some("document"));
        let Some(law) = registers.next() else { return Ok(()) };
        let revising = |step: &&Step| {
            !step.opens_record() && step.to.is_none() && step.asks.iter().any(|ask| ask.field == "source")
        };
        let Some(step) = law.steps.iter().find(revising) else { return Ok(()) };
        let text = |record: &RecordId| -> Option<&str> {
            self.model.records.get(record)?.fields.get("source")?.text()
        };
        let fits = |(id, known): (&RecordId, &super::model::Known)| {
            let own = known.mechanism == law.name && step.from.contains(&known.state);
            // The register of documents itself must be read to read any other.
            let other = |text: &str| text.contains("version: ") && !text.contains("register: document");
            (own && text(id).is_some_and(other)).then_some(*id)
        };
        let documents: Vec<RecordId> = self.model.records.iter().filter_map(fits).collect();
        let people = self.people(&step.by, None);
        let (Some(by), Some(record)) =
            (self.chance.one(&people).cloned(), self.chance.one(&documents).copied())
        else {
            return Ok(());
        };
        let Some(source) = text(&record) else { return Ok(()) };
        let raised = source.lines().map(|line| match line.strip_prefix("version: ") {
            Some(number) => format!("version: {}", number.trim().parse::<u32>().map_or(1, |old| old + 1)),
            None => line.to_owned(),
        });
        let mut source = raised.collect::<Vec<_>>().join("\n");
        source.push_str(&format!("\n\nRevised on {}.\n", self.zone.date(self.server_now())));
        let input = [("source".to_owned(), Raw::Text(source))].into();
        let order = Order::Step { record, step: step.name.clone(), expect: None, input };
        self.give(by, order, None)
    }

    /// An administrator keeps a register.
    pub fn administer(&mut self) -> Result<(), Violation> {
        let laws = self.model.laws.clone();
        let registers: Vec<&Arc<Mechanism>> =
            laws.library.mechanisms.values().filter(|law| law.register.is_some()).collect();
        let mut ways: Vec<(&Arc<Mechanism>, &Step)> = Vec::new();
        let mut weights = Vec::new();
        for law in registers {
            for step in law.steps.iter().filter(|step| step.auto.is_none()) {
                ways.push((law, step));
                let name = format!("{}.{}", law.name, step.name);
                weights.push(self.habits.steps.get(&name).copied().unwrap_or(1.0));
            }
        }
        let Some(at) = self.chance.weighted(&weights) else { return Ok(()) };
        let (law, step) = ways[at];
        let people = self.people(&step.by, None);
        let Some(by) = self.chance.one(&people).cloned() else { return Ok(()) };
        let place = self.some_place(law, &by);
        let Some(input) = self.pen(|pen| pen.fill(law, step, &place)) else { return Ok(()) };
        let order = if step.opens_record() {
            let code = match input.get("code") {
                Some(Raw::Text(code)) => code.clone(),
                _ => String::new(),
            };
            let id = RecordId::of_entry(&law.name, &code);
            Order::Open { mechanism: law.name.clone(), step: step.name.clone(), id, input }
        } else {
            let fits = |(id, known): (&RecordId, &super::model::Known)| {
                (known.mechanism == law.name && step.from.contains(&known.state)).then_some(*id)
            };
            let entries: Vec<RecordId> = self.model.records.iter().filter_map(fits).collect();
            let Some(record) = self.chance.one(&entries).copied() else { return Ok(()) };
            Order::Step { record, step: step.name.clone(), expect: None, input }
        };
        self.give(by, order, None)
    }

    /// Many act at once, some of them on the same record; they share a group.
    pub fn burst(&mut self) -> Result<(), Violation> {
        let [low, high] = self.habits.people.burst;
        let wanted = self.chance.count(low, high);
        let node = self.some_node(true);
        let open: Vec<RecordId> = self
            .model
            .cases
            .iter()
            .rev()
            .filter(|id| self.model.open(&self.model.records[*id]))
            .take(40)
            .copied()
            .collect();
        let mut ids = Vec::new();
        for _ in 0..wanted {
            let Some(record) = self.chance.one(&open).copied() else { break };
            let Some((by, order, wrong)) = self.intend(node, record)? else { continue };
            // Somebody may lose the post just before acting by it.
            if let By::Person(person) = &by
                && self.chance.happens(4.0)
                && let Some(end) = self.end_post(person)
            {
                ids.push(end);
            }
            let id = self.write(by, order, wrong);
            if self.chance.happens(10.0) {
                ids.push(id.clone());
            }
            ids.push(id);
        }
        if ids.is_empty() {
            return Ok(());
        }
        let node = self.some_node(false);
        if self.chance.happens(50.0) {
            let mut half = self.chance.count(1, ids.len() as u64) as usize;
            // What is sent twice stays together.
            while half < ids.len() && ids[half] == ids[half - 1] {
                half += 1;
            }
            return self.send_two(node, &ids[..half], &ids[half..]);
        }
        self.send(node, &ids).map(|_| ())
    }

    /// An administrator's command that ends a post of somebody.
    fn end_post(&mut self, person: &str) -> Option<gongzhi_base::CommandId> {
        let laws = self.model.laws.clone();
        let law = laws.library.mechanisms.values().find(|law| law.register.as_deref() == Some("post"))?;
        let ends = |step: &&Step| {
            let to = step.to.as_deref().and_then(|to| law.state(to));
            !step.opens_record() && to.is_some_and(|state| state.is_final)
        };
        let step = law.steps.iter().find(ends)?;
        let people = self.people(&step.by, None);
        let by = self.chance.one(&people).cloned()?;
        let held = |known: &super::model::Known| {
            known.mechanism == law.name
                && step.from.contains(&known.state)
                && known.fields.get("person").and_then(Value::text) == Some(person)
        };
        let record = self.model.records.iter().find(|(_, known)| held(known)).map(|(id, _)| *id)?;
        let input: BTreeMap<String, Raw> = self.pen(|pen| pen.fill(law, step, super::county::COUNTY))?;
        let order = Order::Step { record, step: step.name.clone(), expect: None, input };
        Some(self.write(by, order, None))
    }
}
