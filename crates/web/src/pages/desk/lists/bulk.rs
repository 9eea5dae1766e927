//! One step of many records: chosen on a list, its form filled in once, seen before it is done, and
//! answered record by record.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use gongzhi_base::{Digest, RecordId};
use gongzhi_kernel::Refusal;
use gongzhi_kernel::project::Row;
use gongzhi_lang::model::{Mechanism, Step};
use gongzhi_service::bulk::{Chosen, Line, MOST, Rehearsed};
use gongzhi_service::{Failure, State as County};

use super::asked::Asked;
use super::saved;
use crate::app::App;
use crate::i18n::t_with;
use crate::pages::fields::Shape;
use crate::pages::form::{self, Failed};
use crate::pages::home;
use crate::pages::input::Read;
use crate::pages::posted::Posted;
use crate::pages::problem::{Answer, Trouble, page as render};
use crate::pages::visitor::{Me, Visitor};
use crate::pages::words::{clause_link, failure_words, field_fault_words, refusal_words_in, say};
use crate::view::{BulkLine, BulkPage, Hidden, Link, State as Shown, Tone, TurnPage};

/// Among what is sent: it has been carried out before.
const DONE: &str = "_done";

/// `POST /desk/bulk`
pub async fn submit(State(app): State<App>, mut visitor: Visitor, me: Me, posted: Posted) -> Answer {
    // The switches of the page send its form, so that what was chosen and typed is still there.
    let switched = visitor.switch(&posted);
    let back = Asked::read(posted.text("back"));
    let chosen = chosen(&posted);
    let step = posted.text("step").to_owned();
    if chosen.is_empty() || step.is_empty() {
        let key = if chosen.is_empty() { "bulk-none" } else { "bulk-no-step" };
        return saved::again(app, visitor, me, back, key).await;
    }
    let state = app.service.state().clone();
    let trouble = |failure: &Failure| Trouble::at_desk(&app, &visitor, &me, failure);
    let mechanism = state.laws.newest(posted.text("mechanism")).cloned();
    let mechanism = mechanism.ok_or_else(|| trouble(&Failure::NotFound))?;
    let known = mechanism.step(&step).filter(|step| !step.opens_record() && step.auto.is_none());
    let known = known.ok_or_else(|| trouble(&Failure::Refused(Refusal::NoSuch { what: step.clone() })))?;
    let shape = Shape {
        lang: visitor.lang,
        state: &state,
        mechanism: &mechanism,
        step: known,
        presentation: &visitor.presentation,
        now: visitor.now,
        desk: true,
        record: None,
        given: std::collections::BTreeMap::new(),
        // What is proposed is proposed for one record.
        proposed: std::collections::BTreeMap::new(),
    };
    let first = posted.get("_do").is_none();
    let (mut read, failed) = match first {
        true => (Read::default(), Failed::default()),
        false => form::check(&app, &shape, &posted),
    };
    // What is left open here stays in each record as it is; only the form of one shows what would be emptied.
    read.input.retain(|_, raw| !gongzhi_kernel::input::is_blank(raw));
    let picking = posted.get("_pick").is_some() || switched && posted.text("previewed").is_empty();
    let whole = !first && failed.faults.is_empty() && !picking;
    // Where the step asks for nothing its effect can be told at once.
    let told = whole || known.asks.is_empty();
    // Of the records, not of how each was seen: the list tells no revisions, and the preview adds them.
    let ids: Vec<RecordId> = chosen.iter().map(|(id, _)| *id).collect();
    let digest = Digest::of_parts(&[format!("{:?}{ids:?}", read.input).as_bytes()]).to_string();
    let (actor, input, ids) = (me.actor(), read.input.clone(), chosen.clone());
    let name = known.name.clone();
    let page =
        Page { app: &app, visitor: &visitor, me: &me, state: &state, mechanism: &mechanism, step: known };
    let keep = home::kept(&app, &|name| posted.get(&format!("_{name}")));
    let seen = whole && posted.text("_do") == "apply" && posted.text("previewed") == digest;
    // The switches of the result's page ask what became of it, and carry nothing out.
    if seen && (!switched || posted.get(DONE).is_some()) {
        let batch = posted.command_id(&app);
        let lines = app.read(move |service| match switched {
            true => service.turned(&actor, &batch, &name, &ids, &input),
            false => service.turn_lines(&actor, &batch, &name, &ids, &input),
        });
        let lines = lines.await.map_err(|failure| trouble(&failure))?;
        let mut answer = page.done(&posted, &lines, &back);
        answer.headers_mut().extend(keep);
        return Ok(answer);
    }
    let rehearsed = app.read(move |service| service.rehearse(&actor, &ids, &name, &input)).await;
    let rehearsed = rehearsed.map_err(|failure| trouble(&failure))?;
    let shown = if picking { Failed::default() } else { failed };
    let typed = (!first).then_some((&posted, &read));
    let told = told.then_some(digest.as_str());
    let mut answer = page.preview(&shape, &posted, typed, &shown, &rehearsed, told, &back);
    answer.headers_mut().extend(keep);
    Ok(answer)
}

/// The records chosen, each once; all of the page where that is ticked.
fn chosen(posted: &Posted) -> Vec<Chosen> {
    let name = if posted.get("all").is_some() { "of-page" } else { "id" };
    let mut chosen: Vec<Chosen> = Vec::new();
    for text in posted.all(name) {
        let (id, seen) = text.split_once('.').unwrap_or((text, ""));
        let Ok(id) = id.parse::<RecordId>() else { continue };
        if !chosen.iter().any(|(known, _)| *known == id) {
            chosen.push((id, seen.parse().ok()));
        }
    }
    chosen.truncate(MOST);
    chosen
}

struct Page<'a> {
    app: &'a App,
    visitor: &'a Visitor,
    me: &'a Me,
    state: &'a County,
    mechanism: &'a Mechanism,
    step: &'a Step,
}

impl Page<'_> {
    #[expect(clippy::too_many_arguments, reason = "one page of everything that was read")]
    fn preview(
        &self,
        shape: &Shape<'_>,
        posted: &Posted,
        typed: Option<(&Posted, &Read)>,
        failed: &Failed,
        rehearsed: &[Rehearsed],
        told: Option<&str>,
        back: &Asked,
    ) -> Response {
        let lang = self.visitor.lang;
        let lines: Vec<BulkLine> = rehearsed.iter().map(|one| self.line(one, told.is_some())).collect();
        let would = rehearsed.iter().filter(|one| would(&one.result, told.is_some())).count();
        let n = |n: usize| [("n", count_of(n))];
        let mut form = form::form(
            self.app,
            shape,
            "/desk/bulk".into(),
            None,
            typed.map(|(posted, _)| posted),
            typed.map(|(_, read)| read),
            failed,
        );
        let apply = told.filter(|_| would > 0);
        let mut hidden = |name: &str, value: &str| {
            form.hidden.push(Hidden { name: name.into(), value: value.into() });
        };
        hidden("mechanism", &self.mechanism.name);
        hidden("step", &self.step.name);
        hidden("back", &back.query());
        hidden("_do", if apply.is_some() { "apply" } else { "preview" });
        hidden("previewed", apply.unwrap_or_default());
        for one in rehearsed {
            let seen = one.row.as_ref().map(|row| row.revision.to_string()).unwrap_or_default();
            let before = posted.all("id").chain(posted.all("of-page"));
            let before =
                before.filter_map(|text| text.split_once('.')).find(|(id, _)| *id == one.id.to_string());
            hidden("id", &format!("{}.{}", one.id, before.map_or(seen.as_str(), |(_, seen)| seen)));
        }
        form.submit = match (apply, told) {
            (Some(_), _) => t_with(lang, "bulk-apply", n(would)),
            (None, Some(_)) => self.visitor.t("bulk-preview-again"),
            (None, None) => self.visitor.t("bulk-preview"),
        };
        form.note = if apply.is_some() { self.visitor.t("bulk-note") } else { String::new() };
        form.cancel = Some(Link::new(self.visitor.t("back"), back.href()));
        let title = say(lang, &self.step.words);
        let mut s = self.visitor.desk_shell(self.app, self.me, title.clone());
        s.resend.clone_from(&form.id);
        let refused = rehearsed.len() - would;
        let page = BulkPage {
            s,
            title,
            lead: t_with(lang, "bulk-lead", n(rehearsed.len())),
            clause: clause_link(lang, &self.step.clause).map(|(label, href)| Link::new(label, href)),
            told: told.is_some(),
            would: t_with(lang, "bulk-would", n(would)),
            refused: if refused > 0 { t_with(lang, "bulk-refused", n(refused)) } else { String::new() },
            lines,
            form,
        };
        render(failed.status(), &page)
    }

    /// What became of it, record by record. The page holds what was sent, so that it can be told once more.
    fn done(&self, posted: &Posted, lines: &[Line], back: &Asked) -> Response {
        let visitor = self.visitor;
        let line = |line: &Line| {
            let mut shown = row_line(line.id, line.row.as_ref());
            match &line.result {
                Ok(()) => shown.verdict = Shown { label: visitor.t("bulk-line-done"), tone: Tone::Good },
                Err(failure) => self.refuse(&mut shown, failure),
            }
            shown
        };
        let good = lines.iter().filter(|line| line.result.is_ok()).count();
        let bad = lines.len() - good;
        let n = |key: &str, n: usize| t_with(visitor.lang, key, [("n", count_of(n))]);
        let title = say(visitor.lang, &self.step.words);
        let mut s = visitor.desk_shell(self.app, self.me, title.clone());
        s.resend = "sent".to_owned();
        let own = ["_csrf", "_lang", "_type", DONE];
        let sent = posted.values.iter().filter(|(name, _)| !own.contains(&name.as_str()));
        let sent = sent.map(|(name, value)| Hidden { name: name.clone(), value: value.clone() });
        let page = TurnPage {
            s,
            title,
            good: n("bulk-done", good),
            bad: if bad > 0 { n("bulk-refused-done", bad) } else { String::new() },
            lines: lines.iter().map(line).collect(),
            sent: sent.chain([Hidden { name: DONE.to_owned(), value: "1".to_owned() }]).collect(),
            back: back.href(),
        };
        render(StatusCode::OK, &page)
    }

    fn line(&self, one: &Rehearsed, told: bool) -> BulkLine {
        let mut line = row_line(one.id, one.row.as_ref());
        match &one.result {
            result if would(result, told) => {
                let key = if told { "bulk-line-would" } else { "bulk-line-may" };
                line.verdict = Shown { label: self.visitor.t(key), tone: Tone::Info };
            }
            Ok(()) => {}
            Err(refusal) => self.refuse(&mut line, &refused(refusal.clone())),
        }
        line
    }

    /// What stands against it, with its clause.
    fn refuse(&self, line: &mut BulkLine, failure: &Failure) {
        let lang = self.visitor.lang;
        line.verdict = Shown { label: self.visitor.t("bulk-line-refused"), tone: Tone::Late };
        let told = match failure {
            Failure::Refused(Refusal::Fields(faults)) => {
                let words = faults.iter().filter_map(|fault| {
                    let field = self.mechanism.field_at(&fault.field)?;
                    let colon = self.visitor.t("colon");
                    Some(format!(
                        "{}{colon}{}",
                        say(lang, &field.words),
                        field_fault_words(lang, field, &fault.fault)
                    ))
                });
                line.why = words.collect::<Vec<_>>().join(" ");
                return;
            }
            Failure::Refused(refusal) => refusal_words_in(lang, refusal, self.state),
            failure => failure_words(lang, failure),
        };
        line.why = told.words;
        line.clause = told.clause.map(|(label, href)| Link::new(label, href));
    }
}

fn refused(refusal: Refusal) -> Failure {
    Failure::Refused(refusal)
}

/// Whether a record would take the step; before the form is filled in its own faults say nothing.
fn would(result: &Result<(), Refusal>, told: bool) -> bool {
    match result {
        Ok(()) => true,
        Err(Refusal::Fields(_)) => !told,
        Err(_) => false,
    }
}

fn count_of(n: usize) -> crate::i18n::FluentValue<'static> {
    (n as i64).into()
}

fn row_line(id: RecordId, row: Option<&Row>) -> BulkLine {
    BulkLine {
        href: row.map(|row| format!("/desk/r/{}", row.id)).unwrap_or_default(),
        number: row.map_or_else(|| id.to_string()[..8].to_owned(), |row| row.number.clone()),
        title: row.map(|row| row.title.clone()).unwrap_or_default(),
        ..BulkLine::default()
    }
}
