//! What a sheet would do, as the page shows it: faults by row, or what is new and what changes.

use gongzhi_base::Value;
use gongzhi_lang::model::Field;
use gongzhi_paper::sheet::CellFault;
use gongzhi_service::State;
use gongzhi_service::import::run::Run;
use gongzhi_service::import::{Becomes, Entry, Plan, RowFault, What};

use crate::app::App;
use crate::i18n::{Lang, t, t_with};
use crate::pages::names;
use crate::pages::record::show::desk_base;
use crate::pages::visitor::Visitor;
use crate::pages::words::{field_fault_words, refusal_words_in, say};
use crate::view::{
    Figure, Form, Hidden, ImportChange, ImportFault, ImportPreview, ImportWatch, Link, Tone, format,
};

/// Most faults and most records told on one page.
const TOLD: usize = 200;
/// Most rows named in a sentence.
const LISTED: usize = 20;

pub fn preview(
    app: &App,
    visitor: &Visitor,
    plan: &Plan,
    action: String,
    back: String,
    otherwise: Option<String>,
) -> ImportPreview {
    let state = app.service.state();
    let lang = visitor.lang;
    let [new, changed, unchanged] = plan.counts();
    let figure = |key: &str, n: usize, tone| Figure {
        label: visitor.t(key),
        value: format::number(n as i64),
        tone,
        ..Figure::default()
    };
    let faults = plan.faults.len();
    let figures = vec![
        figure("import-faults", faults, if faults > 0 { Tone::Late } else { Tone::Good }),
        figure("import-new", new, Tone::Plain),
        figure("import-changed", changed, Tone::Plain),
        figure("import-unchanged", unchanged, Tone::Plain),
    ];
    let read = match plan.name.is_empty() {
        true => t_with(lang, "import-read-csv", [("n", plan.heading.into())]),
        false => t_with(lang, "import-read", [("x", plan.name.as_str().into()), ("n", plan.heading.into())]),
    };
    // All rows where a page holds them, else those of which something becomes.
    let all = plan.entries.len() <= TOLD;
    let last = plan.sheet.chain.len() - 1;
    let worth =
        plan.entries.iter().filter(|entry| entry.becomes != Becomes::Unchanged || all && entry.level == last);
    let apply = (faults == 0 && new + changed > 0).then(|| Form {
        id: "apply".into(),
        action,
        hidden: vec![Hidden { name: "mark".into(), value: plan.mark.to_string() }],
        submit: t_with(lang, "import-apply", [("n", ((new + changed) as i64).into())]),
        note: visitor.t(if plan.at_once() { "import-apply-note" } else { "import-run-note" }),
        cancel: Some(Link::new(visitor.t("back"), back)),
        ..Form::default()
    });
    let more = |all: usize| match all.saturating_sub(TOLD) {
        0 => String::new(),
        more => t_with(lang, "parts-more", [("n", (more as i64).into())]),
    };
    ImportPreview {
        figures,
        read,
        hints: hints(lang, plan),
        nothing: visitor.t(if plan.is_blank() { "import-blank" } else { "import-nothing" }),
        otherwise: otherwise.unwrap_or_default(),
        faults: plan.faults.iter().take(TOLD).map(|fault| told(lang, &state, plan, fault)).collect(),
        more_faults: more(faults),
        changes: worth.take(TOLD).map(|entry| change(lang, &state, plan, entry)).collect(),
        more_changes: more(if all { 0 } else { new + changed }),
        apply,
    }
}

/// What a file holds beside what was read, in sentences.
pub fn hints(lang: Lang, plan: &Plan) -> Vec<String> {
    let comma = t(lang, "list-comma");
    let told = |key: &str, names: &[String]| {
        (!names.is_empty()).then(|| t_with(lang, key, [("x", names.join(&comma).into())]))
    };
    let hidden = &plan.aside.hidden;
    let rows: Vec<String> = hidden.iter().take(LISTED).map(u32::to_string).collect();
    let more = if hidden.len() > LISTED { t(lang, "import-left-more") } else { "".into() };
    let pairs = [("n", (hidden.len() as i64).into()), ("x", format!("{}{more}", rows.join(&comma)).into())];
    let hidden = (!hidden.is_empty()).then(|| t_with(lang, "import-hidden", pairs));
    let sheets = told("import-other-sheets", &plan.aside.sheets);
    let columns = told("import-other-columns", &plan.aside.columns);
    let ended = plan.entries.iter().filter(|entry| entry.becomes == Becomes::Unchanged);
    let ended = ended.filter_map(|entry| {
        let state = say(lang, entry.ended.as_ref()?);
        let pairs = [
            ("n", entry.row.into()),
            ("x", told_of(&entry.number, &entry.title).into()),
            ("y", state.into()),
        ];
        Some(t_with(lang, "import-ended", pairs))
    });
    let alike = plan.entries.iter().filter_map(|entry| {
        let alike = entry.alike.as_ref()?;
        let elsewhere = alike.elsewhere.as_deref();
        let pairs = [
            ("n", entry.row.into()),
            ("x", entry.title.as_str().into()),
            ("y", told_of(&alike.number, &alike.title).into()),
            ("z", elsewhere.unwrap_or_default().into()),
        ];
        Some(t_with(lang, if elsewhere.is_some() { "import-alike-elsewhere" } else { "import-alike" }, pairs))
    });
    let named = alike.take(LISTED).chain(ended.take(LISTED));
    [sheets, columns, hidden].into_iter().flatten().chain(named).collect()
}

/// A record by its number and title.
fn told_of(number: &str, title: &str) -> String {
    format!("{number} {title}")
}

/// How far the checking of a large sheet is.
pub fn checking(visitor: &Visitor, seen: usize, total: usize) -> ImportWatch {
    // Each row is gone over twice: read, and tried.
    let pairs = [("n", percent(seen, total).into())];
    ImportWatch {
        title: visitor.t("import-checking"),
        told: t_with(visitor.lang, "import-checking-told", pairs),
        value: seen as u64,
        max: total.max(1) as u64,
        ..ImportWatch::default()
    }
}

fn percent(done: usize, total: usize) -> i64 {
    (done * 100 / total.max(1)) as i64
}

/// How far a run is, or how it ended; `file` holds the rows that were left.
pub fn running(visitor: &Visitor, run: &Run, list: String, file: String) -> ImportWatch {
    let (lang, number) = (visitor.lang, |n: usize| format::number(n as i64));
    let pairs = [
        ("done", number(run.done).into()),
        ("total", number(run.total).into()),
        ("n", percent(run.done, run.total).into()),
    ];
    if run.ended.is_none() {
        return ImportWatch {
            title: visitor.t("import-running"),
            told: t_with(lang, "import-running-told", pairs),
            value: run.done as u64,
            max: run.total.max(1) as u64,
            ..ImportWatch::default()
        };
    }
    let more = if run.left_all > run.left.len() { visitor.t("import-left-more") } else { String::new() };
    let rows: Vec<String> = run.left.iter().map(u32::to_string).collect();
    let rows = format!("{}{more}", rows.join(&visitor.t("list-comma")));
    let left = [("n", number(run.left_all).into()), ("x", rows.into())];
    let (tone, key) = match (run.lost, run.left_all) {
        (true, _) => (Tone::Late, "import-run-lost"),
        (false, 0) => (Tone::Good, "import-run-done"),
        (false, _) => (Tone::Soon, "import-run-done"),
    };
    let carried = number(run.done.saturating_sub(run.left_all));
    ImportWatch {
        title: visitor.t(if run.lost { "import-run-cut" } else { "import-run-ended" }),
        told: t_with(lang, key, [("n", carried.into()), ("total", number(run.total).into())]),
        tone,
        left: if run.left_all > 0 { t_with(lang, "import-left", left) } else { String::new() },
        left_file: (run.left_all > 0).then(|| Link::new(visitor.t("import-left-save"), file)),
        link: Some(Link::new(visitor.t("import-see"), list)),
        ..ImportWatch::default()
    }
}

fn told(lang: Lang, state: &State, plan: &Plan, fault: &RowFault) -> ImportFault {
    let column = fault.column.as_ref().map(|(letters, at)| {
        let heading = plan.sheet.columns.get(*at).map(|column| say(lang, &column.field.words));
        let heading = heading.unwrap_or_default();
        if letters.is_empty() { heading } else { format!("{letters} {heading}") }
    });
    let (what, clause) = fault_words(lang, state, plan, fault);
    ImportFault {
        row: fault.row.to_string(),
        column: column.unwrap_or_default(),
        text: fault.text.clone(),
        what,
        clause: clause.map(|(label, href)| Link::new(label, href)),
    }
}

/// Every fault of a plan as a line of text: row, column, what stands there, what is wrong.
pub fn reported(lang: Lang, state: &State, plan: &Plan) -> Vec<String> {
    let line = |fault: &RowFault| {
        let told = told(lang, state, plan, fault);
        let row = t_with(lang, "import-row", [("x", told.row.into())]);
        let place: Vec<String> =
            [row, told.column, told.text].into_iter().filter(|part| !part.is_empty()).collect();
        format!("{}{}{}", place.join(" "), t(lang, "colon"), told.what)
    };
    plan.faults.iter().map(line).collect()
}

/// A fault in words, with the clause on which it rests.
pub fn fault_words(
    lang: Lang,
    state: &State,
    plan: &Plan,
    fault: &RowFault,
) -> (String, Option<(String, String)>) {
    let plain = |key: &str| (t(lang, key).into_owned(), None);
    let row = |key: &str, row: &u32| (t_with(lang, key, [("n", (*row).into())]), None);
    match &fault.what {
        What::Cell(CellFault::MergedAcross) => plain("import-merged"),
        What::Cell(CellFault::Formula) => plain("import-formula"),
        What::Cell(CellFault::Error) => plain("import-error"),
        What::Field(found) => {
            let field = fault.column.as_ref().and_then(|(_, at)| plan.sheet.columns.get(*at));
            let words = match field {
                Some(column) => field_fault_words(lang, &column.field, &found.fault),
                None => format!(
                    "{}{}{}",
                    found.field,
                    t(lang, "colon"),
                    crate::pages::words::fault_words(lang, &found.fault)
                ),
            };
            (words, None)
        }
        What::Several(codes) => {
            let codes = codes.join(&t(lang, "list-comma"));
            (t_with(lang, "import-several", [("x", codes.into())]), None)
        }
        What::Twice(first) => row("import-twice", first),
        What::Disagrees(first) => row("import-disagrees", first),
        What::Fixed => plain("import-fixed"),
        What::Ambiguous => plain("import-ambiguous"),
        What::NoNumber => plain("import-no-number"),
        What::Elsewhere => plain("import-elsewhere"),
        What::NoTarget => plain("import-no-target"),
        What::Named(number) => (t_with(lang, "import-named", [("x", number.as_str().into())]), None),
        What::Refused(refusal) => {
            let told = refusal_words_in(lang, refusal, state);
            (told.words, told.clause)
        }
    }
}

fn change(lang: Lang, state: &State, plan: &Plan, entry: &Entry) -> ImportChange {
    let mechanism = &plan.sheet.chain[entry.level];
    let value = |field: &Field, value: &Option<Value>| match value {
        Some(value) => names::value(lang, state, field, value),
        None => t(lang, "rows-none").into_owned(),
    };
    let line = |field: &Field, told: String| format!("{}{}{told}", say(lang, &field.words), t(lang, "colon"));
    let lines: Vec<String> = match &entry.becomes {
        Becomes::Changed(changes) => {
            let fields = changes.iter().filter_map(|one| Some((mechanism.field(&one.0)?, &one.1, &one.2)));
            let told = fields.map(|(field, before, after)| {
                line(field, format!("{} → {}", value(field, before), value(field, after)))
            });
            let moved = entry.moved.as_ref().map(|(from, to)| {
                t_with(lang, "import-moved", [("x", from.as_str().into()), ("y", to.as_str().into())])
            });
            moved.into_iter().chain(told).collect()
        }
        // As it was understood, so that a number or a day read otherwise than meant is seen before it is kept.
        Becomes::New(read) => {
            let columns = plan.sheet.columns.iter().filter(|column| column.level == entry.level);
            let fields = columns.map(|column| &column.field);
            let fields = fields.filter(|field| Some(&field.name) != mechanism.title.as_ref());
            let told = fields.filter_map(|field| {
                Some(line(field, names::value(lang, state, field, read.get(&field.name)?)))
            });
            let told: Vec<String> = told.collect();
            if told.is_empty() { Vec::new() } else { vec![told.join(" · ")] }
        }
        Becomes::Unchanged => entry.ended.iter().map(|state| say(lang, state)).collect(),
    };
    let new = matches!(entry.becomes, Becomes::New(_));
    ImportChange {
        row: entry.row.to_string(),
        what: t(
            lang,
            match entry.becomes {
                Becomes::New(_) => "import-new",
                Becomes::Changed(_) => "import-changed",
                Becomes::Unchanged => "import-unchanged",
            },
        )
        .into_owned(),
        new,
        of: say(lang, &mechanism.words),
        title: entry.title.clone(),
        record: (!new).then(|| Link::new(entry.number.clone(), desk_base(entry.record))),
        lines,
    }
}
