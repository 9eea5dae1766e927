//! Importing: the upload, what it would do, and doing it.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use gongzhi_base::{Digest, RecordId};
use gongzhi_kernel::Record;
use gongzhi_paper::read::ReadFault;
use gongzhi_paper::sheet::NotFound;
use gongzhi_service::Failure;
use gongzhi_service::import::{ImportFailure, LIMITS, Plan, Sheet};

use super::{columns, shown};
use crate::app::App;
use crate::i18n::{Lang, t, t_with};
use crate::pages::posted::Posted;
use crate::pages::problem::{Answer, Trouble, page as render, see};
use crate::pages::record::show::desk_base;
use crate::pages::visitor::{Me, Visitor};
use crate::pages::words::{clause_link, say};
use crate::view::{Field, FieldGroup, FieldKind, FilesInput, Form, ImportPage, Link, Problem};

/// The sheet under a record, if the person may import it; and the record.
pub async fn sheet(
    app: &App,
    visitor: &Visitor,
    me: &Me,
    id: &str,
    mechanism: String,
) -> Result<(Record, Sheet), Trouble> {
    let trouble = |failure: &Failure| Trouble::at_desk(app, visitor, me, failure);
    let id: RecordId = id.parse().map_err(|_| trouble(&Failure::NotFound))?;
    let actor = me.actor();
    let read = app.read(move |service| service.import_sheet(&actor, id, &mechanism));
    read.await.map_err(|failure| trouble(&failure))
}

/// `GET /desk/r/{id}/import/{mechanism}`
pub async fn page(
    Path((id, mechanism)): Path<(String, String)>,
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
) -> Answer {
    let (record, sheet) = sheet(&app, &visitor, &me, &id, mechanism).await?;
    Ok(render(StatusCode::OK, &blank(&app, &visitor, &me, &record, &sheet, None)))
}

/// `POST /desk/r/{id}/import/{mechanism}`
pub async fn upload(
    Path((id, mechanism)): Path<(String, String)>,
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
    posted: Posted,
) -> Answer {
    let (record, sheet) = sheet(&app, &visitor, &me, &id, mechanism.clone()).await?;
    let (actor, root) = (me.actor(), record.id);
    let sent = posted.sheet.unwrap_or_default();
    let kept = app.read(move |service| {
        Ok(match sent.whole {
            true => service.keep_upload(&actor, root, &sent.bytes, None),
            false => Err(ImportFailure::File(ReadFault::TooLarge)),
        })
    });
    let kept = kept.await.map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    let planned = match kept {
        Ok(token) => plan(&app, &me, root, mechanism.clone(), token).await.map(|_| token),
        Err(failure) => Err(failure),
    };
    match planned {
        // A page of its own, so that it can be read again and sent to nobody twice.
        Ok(token) => Ok(see(&format!("{}/import/{mechanism}/{token}", desk_base(root)))),
        Err(failure) => unread(&app, &visitor, &me, &record, &sheet, failure),
    }
}

async fn plan(
    app: &App,
    me: &Me,
    root: RecordId,
    mechanism: String,
    token: Digest,
) -> Result<Plan, ImportFailure> {
    let actor = me.actor();
    let planned = app.read(move |service| Ok(service.import_plan(&actor, root, &mechanism, token)));
    planned.await.unwrap_or_else(|failure| Err(ImportFailure::Failure(failure)))
}

/// The upload page again with what was wrong with the file.
fn unread(
    app: &App,
    visitor: &Visitor,
    me: &Me,
    record: &Record,
    sheet: &Sheet,
    failure: ImportFailure,
) -> Answer {
    let (status, words) = match failure {
        ImportFailure::File(fault) => (StatusCode::UNPROCESSABLE_ENTITY, file_words(visitor.lang, &fault)),
        ImportFailure::NoTable(found, sheet) => {
            (StatusCode::UNPROCESSABLE_ENTITY, no_table_words(visitor.lang, &found, &sheet))
        }
        ImportFailure::Gone => (StatusCode::GONE, visitor.t("import-gone")),
        ImportFailure::Failure(failure) => return Err(Trouble::at_desk(app, visitor, me, &failure)),
        ImportFailure::Otherwise(_) => (StatusCode::CONFLICT, visitor.t("import-otherwise")),
    };
    Ok(render(status, &blank(app, visitor, me, record, sheet, Some(words))))
}

/// `GET /desk/r/{id}/import/{mechanism}/{token}`
pub async fn preview(
    Path((id, mechanism, token)): Path<(String, String, String)>,
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
) -> Answer {
    let (record, sheet) = sheet(&app, &visitor, &me, &id, mechanism.clone()).await?;
    let Ok(token) = token.parse::<Digest>() else {
        return Err(Trouble::at_desk(&app, &visitor, &me, &Failure::NotFound));
    };
    match plan(&app, &me, record.id, mechanism, token).await {
        Ok(plan) => Ok(previewed(&app, &visitor, &me, &record, &plan, token, None)),
        Err(failure) => unread(&app, &visitor, &me, &record, &sheet, failure),
    }
}

/// `POST /desk/r/{id}/import/{mechanism}/{token}`
pub async fn apply(
    Path((id, mechanism, token)): Path<(String, String, String)>,
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
    posted: Posted,
) -> Answer {
    let (record, sheet) = sheet(&app, &visitor, &me, &id, mechanism.clone()).await?;
    let (Ok(token), Ok(mark)) = (token.parse::<Digest>(), posted.text("mark").parse::<Digest>()) else {
        return Err(Trouble::at_desk(&app, &visitor, &me, &Failure::NotFound));
    };
    let (actor, root) = (me.actor(), record.id);
    let applied = app.read(move |service| Ok(service.import_apply(&actor, root, &mechanism, token, mark)));
    match applied.await.unwrap_or_else(|failure| Err(ImportFailure::Failure(failure))) {
        Ok(plan) => {
            let [new, changed, _] = plan.counts();
            Ok(see(&format!("{}?imported={new}.{changed}", desk_base(root))))
        }
        Err(ImportFailure::Otherwise(plan)) => {
            let told = visitor.t("import-otherwise");
            Ok(previewed(&app, &visitor, &me, &record, &plan, token, Some(told)))
        }
        Err(failure) => unread(&app, &visitor, &me, &record, &sheet, failure),
    }
}

fn previewed(
    app: &App,
    visitor: &Visitor,
    me: &Me,
    record: &Record,
    plan: &Plan,
    token: Digest,
    otherwise: Option<String>,
) -> axum::response::Response {
    let status = match (&otherwise, plan.faults.is_empty()) {
        (Some(_), _) => StatusCode::CONFLICT,
        (None, true) => StatusCode::OK,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let mut page = blank(app, visitor, me, record, &plan.sheet, None);
    page.preview = Some(shown::preview(app, visitor, plan, token, record.id, otherwise));
    render(status, &page)
}

/// The page before anything was sent.
fn blank(
    app: &App,
    visitor: &Visitor,
    me: &Me,
    record: &Record,
    sheet: &Sheet,
    problem: Option<String>,
) -> ImportPage {
    let lang = visitor.lang;
    let base = desk_base(record.id);
    let name = say(lang, &sheet.row().words);
    let action = format!("{base}/import/{}", sheet.row().name);
    let bytes = LIMITS.bytes as u64;
    let file = Field {
        name: "sheet".into(),
        label: visitor.t("import-file"),
        help: visitor.t("import-file-help"),
        required: true,
        kind: FieldKind::Files(FilesInput {
            accept: ".xlsx,.csv".into(),
            max_files: 1,
            max_bytes: bytes,
            max_label: format!("{} MB", bytes / 1024 / 1024),
            ..FilesInput::default()
        }),
        ..Field::default()
    };
    let title = t_with(lang, "import-title", [("x", name.as_str().into())]);
    let clause = sheet.row().sheet.as_ref().map(|sheet| &sheet.clause);
    let subject = app.service.state().laws.version(&record.mechanism, record.version).map(|law| {
        let named = law.title.as_deref().and_then(|name| record.fields.get(name));
        named.and_then(gongzhi_base::Value::text).unwrap_or_default().to_owned()
    });
    ImportPage {
        s: visitor.desk_shell(app, me, title.clone()),
        title,
        above: Link::new(format!("{} {}", record.number, subject.unwrap_or_default()), base.clone()),
        clause: clause
            .and_then(|clause| clause_link(lang, clause))
            .map(|(label, href)| Link::new(label, href)),
        form_href: format!("{action}/form.xlsx"),
        columns: columns::told(lang, sheet),
        form: Form {
            id: "import".into(),
            action,
            multipart: true,
            groups: vec![FieldGroup { fields: vec![file], ..FieldGroup::default() }],
            problems: problem.into_iter().map(|text| Problem { text, ..Problem::default() }).collect(),
            submit: visitor.t("import-check"),
            note: visitor.t("import-check-note"),
            cancel: Some(Link::new(visitor.t("back"), base)),
            ..Form::default()
        },
        preview: None,
    }
}

/// Why a file could not be read.
pub fn file_words(lang: Lang, fault: &ReadFault) -> String {
    let number = |n: usize| fluent_bundle::FluentValue::from(i64::try_from(n).unwrap_or(i64::MAX));
    let n = |key, n: usize| t_with(lang, key, [("n", number(n))]);
    let x = |key, x: &str| t_with(lang, key, [("x", x.into())]);
    match fault {
        ReadFault::TooLarge => n("sheet-too-large", LIMITS.bytes / 1024 / 1024),
        ReadFault::Bomb => n("sheet-bomb", (LIMITS.unpacked / 1024 / 1024) as usize),
        ReadFault::Empty => t(lang, "sheet-empty").into_owned(),
        ReadFault::OldOrProtected => t(lang, "sheet-old").into_owned(),
        ReadFault::NotASheet => t(lang, "sheet-not").into_owned(),
        ReadFault::Damaged => t(lang, "sheet-damaged").into_owned(),
        ReadFault::Quote(line) => n("sheet-quote", usize::try_from(*line).unwrap_or(usize::MAX)),
        ReadFault::Encoding => t(lang, "sheet-encoding").into_owned(),
        ReadFault::TooManyRows => n("sheet-too-many-rows", LIMITS.rows),
        ReadFault::TooManyColumns(cell) => x("sheet-too-many-columns", cell),
        ReadFault::TooLong(cell) => x("sheet-too-long", cell),
    }
}

/// What was looked for and what was found instead.
pub fn no_table_words(lang: Lang, found: &NotFound, sheet: &Sheet) -> String {
    let heading = |at: &usize| sheet.columns.get(*at).map(|column| say(lang, &column.field.words));
    let comma = t(lang, "list-comma");
    let join = |words: Vec<String>| words.join(&comma);
    if let (Some(twice), Some((_, row))) = (found.twice.as_ref().and_then(heading), &found.nearest) {
        let pairs = [("x", twice.into()), ("n", (*row).into())];
        return t_with(lang, "sheet-heading-twice", pairs);
    }
    let Some((name, row)) = &found.nearest else {
        let all = (0..sheet.columns.len()).filter(|at| !sheet.columns[*at].optional);
        let expected = join(all.filter_map(|at| heading(&at)).collect());
        let sheets = join(found.sheets.iter().filter(|name| !name.is_empty()).cloned().collect());
        return t_with(lang, "sheet-no-table", [("x", expected.into()), ("y", sheets.into())]);
    };
    let missing = join(found.missing.iter().filter_map(heading).collect());
    let read = join(found.read.clone().into_iter().take(20).collect());
    let pairs =
        [("x", missing.into()), ("y", read.into()), ("n", (*row).into()), ("z", name.as_str().into())];
    t_with(lang, "sheet-headings-missing", pairs)
}
