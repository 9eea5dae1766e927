//! What a record's pages show of it: facts, files, and what happened.

use gongzhi_base::{FileRef, RecordId, Timestamp, Value};
use gongzhi_kernel::event::ClockChange;
use gongzhi_kernel::{Deed, Event as Entry, Record};
use gongzhi_lang::model::{Field, Mechanism, Step, Tone as StateTone, Type};
use gongzhi_service::State;
use gongzhi_service::counted::counts_parts;
use gongzhi_service::desk::RecordView;
use gongzhi_service::seal::covered;

use crate::i18n::{Lang, t, t_with};
use crate::pages::rows::record_row;
use crate::pages::words::{clause_link, say};
use crate::pages::{fields, input, names, why};
use crate::view::{self, Attachment, Event, Fact, Link, Tone, format};

/// How a record is looked at: who looks, from which address, and what may be seen.
pub struct Gaze<'g> {
    pub lang: Lang,
    pub state: &'g State,
    pub mechanism: &'g Mechanism,
    pub now: Timestamp,
    /// Address of the record's own pages, without a slash at the end.
    pub base: String,
    /// Staff see everything that they may read; others what is public.
    pub staff: bool,
}

impl Gaze<'_> {
    /// A moment as it is shown.
    pub fn moment(&self, at: Timestamp) -> String {
        let zone = self.state.world.zone;
        format::moment(self.lang, zone.civil(at), zone.civil(self.now).year())
    }

    fn sees(&self, field: &Field) -> bool {
        field.personal.is_none() && (self.staff || field.public)
    }

    /// The facts of some fields, in the order of the document; empty ones are left out.
    pub fn facts(&self, record: &Record, wanted: impl Fn(&Field) -> bool) -> Vec<Fact> {
        let fields = self.mechanism.fields.iter().filter(|field| self.sees(field) && wanted(field));
        fields
            .filter(|field| !matches!(input::item(&field.ty), Type::File | Type::Record(_)))
            .filter_map(|field| {
                let value = record.fields.get(&field.name)?;
                let mut fact = fields::shown(self.lang, self.state, field, value);
                // A number that counts parts opens them.
                if self.staff && *value != Value::Int(0) && counts_parts(self.mechanism, &field.name) {
                    fact.href = format!("{}/counted/{}", self.base, field.name);
                }
                // What else is there at the place stands on its page.
                if let Some(code) = value.text().filter(|_| self.staff && field.ty == Type::Place) {
                    fact.href = format!("/desk/places/{code}");
                }
                Some(fact)
            })
            .filter(|fact| !fact.value.is_empty())
            .collect()
    }

    /// Personal fields: covered, or open where a look has just been recorded.
    pub fn personal(&self, record: &Record, open: &[(String, Value)]) -> Vec<Fact> {
        let fields = self.mechanism.fields.iter().filter_map(|field| field.personal.as_ref().map(|_| field));
        fields
            .filter_map(|field| {
                let value = record.fields.get(&field.name)?;
                let seen = open.iter().find(|(name, _)| *name == field.name);
                let shown = match seen {
                    Some((_, value)) => names::value(self.lang, self.state, field, value),
                    None => covered(value),
                };
                Some(Fact {
                    label: say(self.lang, &field.words),
                    value: shown,
                    masked: seen.is_none(),
                    ..Fact::default()
                })
            })
            .collect()
    }

    /// The holder's own personal fields, which nobody needs to cover.
    pub fn own(&self, view: &RecordView) -> Vec<Fact> {
        let open: Vec<(String, Value)> =
            view.own.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        self.personal(&view.record, &open)
    }

    /// Files in some fields.
    pub fn files<'v>(&self, values: impl Iterator<Item = (&'v String, &'v Value)>) -> Vec<Attachment> {
        let seen =
            values.filter(|(name, _)| self.mechanism.field(name).is_some_and(|field| self.sees(field)));
        let files = seen.flat_map(|(_, value)| value.leaves()).filter_map(|item| match item {
            Value::File(file) => Some(file),
            _ => None,
        });
        files.map(|file| self.attachment(file)).collect()
    }

    fn attachment(&self, file: &FileRef) -> Attachment {
        let href = format!("{}/files/{}", self.base, file.digest);
        let kind = file.media.rsplit(['/', '.']).next().unwrap_or_default().to_uppercase();
        Attachment {
            name: if file.name.is_empty() { kind.clone() } else { file.name.clone() },
            thumb: if file.media.starts_with("image/") { href.clone() } else { String::new() },
            note: format!("{kind} · {}", format::bytes(file.size)),
            href,
        }
    }

    /// What happened, newest first. Looks have a page of their own.
    pub fn events(&self, view: &RecordView) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::new();
        let mut run: Vec<PartTold> = Vec::new();
        // The deadline that passed last, and when: what the system does by it is told in the same place.
        let mut passed: Option<(&str, Timestamp)> = None;
        for (seq, entry) in &view.history {
            let Some(mut event) = self.event(view, *seq, entry) else { continue };
            if let Some(told) =
                passed.take().filter(|told| self.follows(*told, entry)).and_then(|_| events.pop())
            {
                event.text = if told.title.starts_with(&event.title) { String::new() } else { event.title };
                (event.title, event.tone) = (told.title, told.tone);
            }
            if let Deed::Passed { deadline, late: true } = &entry.deed {
                passed = Some((deadline, entry.at));
            }
            // What happened to several parts with nothing between is told in one place.
            if matches!(entry.deed, Deed::Part(_)) {
                let Some(part) = self.part_told(view, entry) else { continue };
                if run.first().is_some_and(|first| first.alike(&part)) {
                    events.pop();
                } else {
                    run.clear();
                }
                run.push(part);
                let first = &run[0].when;
                if *first != event.when {
                    event.when = format!("{first} – {}", event.when);
                }
                (event.title, event.text) = self.parts_words(&run);
            } else {
                run.clear();
            }
            events.push(event);
        }
        events.reverse();
        events
    }

    /// Whether an entry is what the system does because a deadline has passed.
    fn follows(&self, (deadline, at): (&str, Timestamp), entry: &Entry) -> bool {
        let late = self.mechanism.deadline(deadline).and_then(|deadline| deadline.late.as_ref());
        matches!(&entry.deed, Deed::Step(taken) if Some(&taken.step) == late) && entry.at == at
    }

    /// What is said of parts that were opened or closed: in one line, and their names where there are several.
    fn parts_words(&self, run: &[PartTold]) -> (String, String) {
        let Some(first) = run.first() else { return (String::new(), String::new()) };
        let named = run.iter().filter(|part| !part.name.is_empty());
        let names: Vec<&str> = named.clone().map(|part| part.name.as_str()).collect();
        let sort = first.sort.clone();
        if run.len() > 1 {
            // When each came is told where they did not come together.
            let together = run.iter().all(|part| part.when == first.when);
            let one = |part: &PartTold| match together {
                true => part.name.clone(),
                false => {
                    let pairs = [("x", part.name.clone().into()), ("y", part.when.clone().into())];
                    t_with(self.lang, "event-parts-one", pairs)
                }
            };
            let names: Vec<String> = named.map(one).collect();
            let key = if first.open { "event-parts-opened" } else { "event-parts-closed" };
            let pairs = [("x", sort.into()), ("n", (run.len() as i64).into())];
            return (t_with(self.lang, key, pairs), names.join(&t(self.lang, "list-comma")));
        }
        let key = match (first.open, names.is_empty()) {
            (true, false) => "event-part-opened",
            (true, true) => "event-part-opened-bare",
            (false, false) => "event-part-closed",
            (false, true) => "event-part-closed-bare",
        };
        let pairs = [("x", sort.into()), ("y", names.concat().into())];
        (t_with(self.lang, key, pairs), String::new())
    }

    /// A part that was opened or closed, for the staff. What a part tells in between stands on its own page.
    fn part_told(&self, view: &RecordView, entry: &Entry) -> Option<PartTold> {
        let Deed::Part(news) = &entry.deed else { return None };
        let gongzhi_kernel::record::Part { mechanism, id, open, .. } = &news.part;
        if !self.staff || view.earlier_part(entry, *id).is_some_and(|was| was == *open) {
            return None;
        }
        let part = view.parts.iter().find(|part| part.id == *id);
        let unit =
            part.and_then(|part| part.unit.as_deref()).map(|code| names::unit(self.lang, self.state, code));
        let words = self.state.laws.newest(mechanism).map(|part| say(self.lang, &part.words));
        Some(PartTold {
            mechanism: mechanism.clone(),
            open: *open,
            when: self.moment(entry.at),
            sort: words.unwrap_or_default(),
            // A part that no unit has is told by its own title, to those who may read it.
            name: unit.or_else(|| self.part_subject(view, *id)).unwrap_or_default(),
        })
    }

    fn event(&self, view: &RecordView, seq: u64, entry: &Entry) -> Option<Event> {
        let zone = self.state.world.zone;
        let mut event = Event {
            when: self.moment(entry.at),
            iso: format::iso(zone.civil(entry.at)),
            actor: names::acted(self.lang, self.state, &entry.by, self.staff),
            seq: if self.staff { seq.to_string() } else { String::new() },
            ..Event::default()
        };
        match &entry.deed {
            Deed::Step(taken) => {
                let step = self.mechanism.step(&taken.step)?;
                if !self.staff && !step.public {
                    return None;
                }
                event.title = self.title(step);
                event.clause =
                    clause_link(self.lang, &step.clause).map(|(label, href)| Link::new(label, href));
                event.facts = self.set(step, &taken.set, entry.revision == 1);
                let moved = taken.opening.as_ref().filter(|_| entry.revision > 1);
                event.facts.extend(moved.and_then(|opening| self.moved(view, opening.parent?)));
                event.files = self.files(taken.set.iter().filter(|(name, _)| asked(step, name)));
                event.tone = self.step_tone(step, taken.to.as_deref(), &taken.clocks);
                event.due = self.began(view, &taken.clocks, entry.at);
            }
            Deed::Passed { deadline, late } => {
                let deadline = self.mechanism.deadline(deadline)?;
                let key = if *late { "event-passed" } else { "event-warned" };
                event.title = t_with(self.lang, key, [("x", say(self.lang, &deadline.words).into())]);
                event.tone = if *late { Tone::Late } else { Tone::Soon };
                event.actor = String::new();
                if !self.staff && !*late {
                    return None;
                }
            }
            Deed::Part(_) => event.actor = String::new(),
            Deed::Left(left) if self.staff => {
                let words = self.state.laws.newest(&left.mechanism).map(|part| say(self.lang, &part.words));
                let told = |id| self.told(view, id).unwrap_or_default();
                let pairs = [
                    ("x", words.unwrap_or_default().into()),
                    ("y", told(left.part).into()),
                    ("z", told(left.to).into()),
                ];
                event.title = t_with(self.lang, "event-part-left", pairs);
                event.actor = String::new();
            }
            Deed::Erased { reason, .. } => {
                let key = if reason.is_empty() { "event-kept-out" } else { "event-erased" };
                event.title = t_with(self.lang, key, [("x", reason.as_str().into())]);
            }
            Deed::Left(_) | Deed::Look { .. } => return None,
        }
        Some(event)
    }

    /// Where a step put the record.
    fn moved(&self, view: &RecordView, under: RecordId) -> Option<Fact> {
        let value = self.told(view, under)?;
        let href = desk_base(under);
        Some(Fact { label: t(self.lang, "event-moved").into_owned(), value, href, ..Fact::default() })
    }

    /// A record that the history names, by number and title.
    fn told(&self, view: &RecordView, id: RecordId) -> Option<String> {
        let row = view.told.iter().find(|row| row.id == id)?;
        Some(format!("{} {}", row.number, record_row(self.lang, self.state, row, self.now).subject))
    }

    fn part_subject(&self, view: &RecordView, id: RecordId) -> Option<String> {
        let part =
            view.tree.iter().find(|part| part.record.as_ref().is_some_and(|record| record.id == id))?;
        Some(record_row(self.lang, self.state, &part.row, self.now).subject)
    }

    fn title(&self, step: &Step) -> String {
        let note = say(self.lang, &step.note);
        if note.is_empty() { say(self.lang, &step.words) } else { note }
    }

    /// Values that a step's form set. What opened the record stands on its page already.
    fn set(&self, step: &Step, set: &std::collections::BTreeMap<String, Value>, opening: bool) -> Vec<Fact> {
        if opening {
            return Vec::new();
        }
        let asks = step.asks.iter().filter_map(|ask| self.mechanism.field(&ask.field));
        asks.filter(|field| self.sees(field))
            .filter_map(|field| Some(fields::shown(self.lang, self.state, field, set.get(&field.name)?)))
            .filter(|fact| !fact.value.is_empty())
            .collect()
    }

    fn step_tone(&self, step: &Step, to: Option<&str>, clocks: &[(String, ClockChange)]) -> Tone {
        if clocks.iter().any(|(_, change)| *change == ClockChange::Paused) {
            return Tone::Paused;
        }
        let state = to.or(step.to.as_deref()).and_then(|to| self.mechanism.state(to));
        match state.map(|state| state.tone) {
            Some(StateTone::Good) => Tone::Good,
            Some(StateTone::Bad) => Tone::Late,
            _ => Tone::Plain,
        }
    }

    /// The nearest of the deadlines that began or moved with a step, if it still runs as it began.
    fn began(&self, view: &RecordView, clocks: &[(String, ClockChange)], at: Timestamp) -> Option<view::Due> {
        let due = clocks.iter().filter_map(|(name, change)| match change {
            ClockChange::Started(found) | ClockChange::Extended(found) => {
                Some((found.due, self.mechanism.deadline(name)?))
            }
            _ => None,
        });
        let (due, deadline) = due.min_by_key(|(due, _)| *due)?;
        let running = view.record.clocks.get(&deadline.name).is_some_and(|clock| clock.derivation.due == due);
        let href = if running { format!("{}/why/{}", self.base, deadline.name) } else { String::new() };
        let now = if running { self.now } else { at };
        let mut shown = why::due(self.lang, self.state, due, now, deadline.warns, &href);
        if let Some(clock) = view.record.clocks.get(&deadline.name).filter(|_| running) {
            shown = why::clock_due(self.lang, self.state, deadline, clock, self.now, &href);
        }
        if !running {
            // It was over or moved since: how long was left then would read as if it were left now.
            shown.relative.clear();
            shown.tone = Tone::Plain;
        }
        shown.at = format!("{}{}{}", say(self.lang, &deadline.words), t(self.lang, "colon"), shown.at);
        Some(shown)
    }

    /// The state of a record as it is shown.
    pub fn state(&self, name: &str) -> view::State {
        match self.mechanism.state(name) {
            Some(state) => view::State {
                label: say(self.lang, &state.words),
                tone: crate::pages::rows::tone(state.tone),
            },
            None => view::State { label: name.to_owned(), tone: Tone::Plain },
        }
    }

    /// The nearest deadline, linked to its explanation.
    pub fn due(&self, record: &Record) -> Option<view::Due> {
        let (deadline, clock) = why::nearest(self.mechanism, record)?;
        let href = format!("{}/why/{}", self.base, deadline.name);
        Some(why::clock_due(self.lang, self.state, deadline, clock, self.now, &href))
    }

    /// The text of the field that is the record's title.
    pub fn subject(&self, record: &Record) -> String {
        let field = self.mechanism.title.as_deref().and_then(|name| record.fields.get(name));
        let text = field.and_then(Value::text).unwrap_or(&record.number);
        text.lines().next().unwrap_or_default().chars().take(120).collect()
    }

    /// The code of the unit that has the record.
    pub fn unit<'r>(&self, record: &'r Record) -> Option<&'r str> {
        record.fields.get(self.mechanism.unit.as_deref()?)?.text()
    }
}

/// A part that was opened or closed.
struct PartTold {
    mechanism: String,
    open: bool,
    /// When, as shown.
    when: String,
    /// What sort of record it is.
    sort: String,
    /// Whose it is, or what it is called; empty where neither is known.
    name: String,
}

impl PartTold {
    fn alike(&self, other: &PartTold) -> bool {
        (&self.mechanism, self.open) == (&other.mechanism, other.open)
    }
}

fn asked(step: &Step, name: &str) -> bool {
    step.asks.iter().any(|ask| ask.field == name)
}

/// Whether a record holds a file, in a field that the reader may see; its name and kind.
pub fn held_file(view: &RecordView, digest: gongzhi_base::Digest, staff: bool) -> Option<FileRef> {
    let of_steps = view.history.iter().filter_map(|(_, entry)| match &entry.deed {
        Deed::Step(taken) => Some(&taken.set),
        _ => None,
    });
    let all = std::iter::once(&view.record.fields).chain(of_steps).flatten();
    let open = all.filter(|(name, _)| {
        view.mechanism.field(name).is_some_and(|field| field.personal.is_none() && (staff || field.public))
    });
    let files = open.flat_map(|(_, value)| value.leaves()).filter_map(|item| match item {
        Value::File(file) if file.digest == digest => Some(file.clone()),
        _ => None,
    });
    files.into_iter().next()
}

/// The address of a record at the desk.
pub fn desk_base(id: RecordId) -> String {
    format!("/desk/r/{id}")
}
