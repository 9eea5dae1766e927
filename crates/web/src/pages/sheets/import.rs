//! Importing: the upload, what it would do, and doing it. Under a record, or into a register.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use gongzhi_base::{Digest, RecordId};
use gongzhi_kernel::Record;
use gongzhi_paper::read::{Limits, ReadFault};
use gongzhi_paper::sheet::NotFound;
use gongzhi_paper::write::{self, Cell, Column, Table};
use gongzhi_service::Failure;
use gongzhi_service::import::{Begun, ImportFailure, Plan, Seen, Sheet};
use serde::Deserialize;

use super::{columns, shown};
use crate::app::App;
use crate::i18n::{Lang, t, t_with};
use crate::pages::posted::Posted;
use crate::pages::problem::{Answer, Trouble, page as render, see};
use crate::pages::record::show::desk_base;
use crate::pages::visitor::{Me, Visitor};
use crate::pages::words::{clause_link, say};
use crate::view::{
    Field, FieldGroup, FieldKind, FilesInput, Flash, Form, ImportPage, ImportWatch, Link, Problem, Tone,
};

/// Seconds after which a page that tells how far it is looks again.
const AGAIN: &str = "2";

/// What stands in the addresses of an import.
#[derive(Deserialize)]
pub struct Asked {
    /// The record under which the rows come; none for a register.
    id: Option<String>,
    mechanism: String,
    token: Option<String>,
}

/// What was done before.
#[derive(Deserialize, Default)]
pub struct Done {
    /// How many records were imported: new, and changed.
    imported: Option<String>,
    /// Somebody acted between preview and import.
    moved: Option<String>,
}

/// A sheet that the person may import, and where.
pub struct Target {
    pub record: Option<Record>,
    pub sheet: Sheet,
}

impl Target {
    fn root(&self) -> Option<RecordId> {
        self.record.as_ref().map(|record| record.id)
    }

    /// Where whoever imports comes from: the record, or the register.
    fn above(&self) -> String {
        match &self.record {
            Some(record) => desk_base(record.id),
            None => format!("/desk/list?mechanism={}", self.sheet.row().name),
        }
    }

    /// The address of the import.
    pub fn base(&self) -> String {
        let above = self.record.as_ref().map_or_else(|| "/desk".to_owned(), |record| desk_base(record.id));
        format!("{above}/import/{}", self.sheet.row().name)
    }
}

/// One request about an import.
struct Page<'p> {
    app: &'p App,
    visitor: &'p Visitor,
    me: &'p Me,
    target: Target,
}

/// The sheet that an address names, if the person may import it.
pub async fn target(app: &App, visitor: &Visitor, me: &Me, asked: &Asked) -> Result<Target, Trouble> {
    let trouble = |failure: &Failure| Trouble::at_desk(app, visitor, me, failure);
    let root = asked.id.as_deref().map(str::parse::<RecordId>).transpose();
    let root = root.map_err(|_| trouble(&Failure::NotFound))?;
    let (actor, mechanism) = (me.actor(), asked.mechanism.clone());
    let read = app.read(move |service| service.import_sheet(&actor, root, &mechanism)).await;
    let (record, sheet) = read.map_err(|failure| trouble(&failure))?;
    Ok(Target { record, sheet })
}

/// `GET /desk/r/{id}/import/{mechanism}`, `GET /desk/import/{mechanism}`
pub async fn page(
    Path(asked): Path<Asked>,
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
    Query(done): Query<Done>,
) -> Answer {
    let target = target(&app, &visitor, &me, &asked).await?;
    let page = Page { app: &app, visitor: &visitor, me: &me, target };
    let mut shown = page.blank(None);
    shown.s.flash = done.imported.as_deref().and_then(|text| text.split_once('.')).map(|(new, changed)| {
        let text = t_with(visitor.lang, "import-done", [("x", new.into()), ("y", changed.into())]);
        let link = Link::new(visitor.t("import-see"), page.target.above());
        Flash { tone: Tone::Good, text, link: Some(link) }
    });
    Ok(render(StatusCode::OK, &shown))
}

/// `POST` to the same
pub async fn upload(
    Path(asked): Path<Asked>,
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
    posted: Posted,
) -> Answer {
    let target = target(&app, &visitor, &me, &asked).await?;
    let page = Page { app: &app, visitor: &visitor, me: &me, target };
    let (actor, root) = (me.actor(), page.target.root());
    let sent = posted.sheet.unwrap_or_default();
    let kept = app.read(move |service| {
        Ok(match sent.whole {
            true => service.keep_upload(&actor, root, &sent.bytes, None),
            false => Err(ImportFailure::File(ReadFault::TooLarge)),
        })
    });
    let kept = kept.await.map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    let planned = match kept {
        Ok(token) => page.seen(token).await.map(|_| token),
        Err(failure) => Err(failure),
    };
    match planned {
        // A page of its own, so that it can be read again and sent to nobody twice.
        Ok(token) => Ok(see(&format!("{}/{token}", page.target.base()))),
        Err(failure) => page.unread(failure),
    }
}

/// The upload that an address names.
fn token(app: &App, visitor: &Visitor, me: &Me, asked: &Asked) -> Result<Digest, Trouble> {
    let token = asked.token.as_deref().and_then(|token| token.parse().ok());
    token.ok_or_else(|| Trouble::at_desk(app, visitor, me, &Failure::NotFound))
}

/// `GET …/{token}`: what the upload would do, how far it is, or how it ended.
pub async fn preview(
    Path(asked): Path<Asked>,
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
    Query(done): Query<Done>,
) -> Answer {
    let target = target(&app, &visitor, &me, &asked).await?;
    let token = token(&app, &visitor, &me, &asked)?;
    let page = Page { app: &app, visitor: &visitor, me: &me, target };
    match page.seen(token).await {
        Ok(Seen::Plan(plan)) => {
            let moved = done.moved.map(|_| visitor.t("import-otherwise"));
            Ok(page.previewed(&plan, token, moved))
        }
        Ok(Seen::Checking { seen, total }) => Ok(page.watched(shown::checking(&visitor, seen, total))),
        Ok(Seen::Run(run)) => {
            let list = page.target.above();
            let left = format!("{}/{token}/left.csv", page.target.base());
            Ok(page.watched(shown::running(&visitor, &run, list, left)))
        }
        Err(failure) => page.unread(failure),
    }
}

/// `GET …/{token}/left.csv`: the rows that a run left, as they were sent.
pub async fn left(Path(asked): Path<Asked>, State(app): State<App>, visitor: Visitor, me: Me) -> Answer {
    let target = target(&app, &visitor, &me, &asked).await?;
    let token = token(&app, &visitor, &me, &asked)?;
    let page = Page { app: &app, visitor: &visitor, me: &me, target };
    let (actor, service) = (me.actor(), app.service.clone());
    let rows = app.read(move |_| Ok(service.import_left(&actor, &asked.mechanism, token))).await;
    let mut rows = match rows.unwrap_or_else(|failure| Err(ImportFailure::Failure(failure))) {
        Ok(rows) => rows.into_iter(),
        Err(failure) => return page.unread(failure),
    };
    let column = |heading| Column { heading, ..Column::default() };
    let table = Table {
        columns: rows.next().unwrap_or_default().into_iter().map(column).collect(),
        rows: rows.map(|row| row.into_iter().map(Cell::Text).collect()).collect(),
        ..Table::default()
    };
    let name = t_with(
        visitor.lang,
        "import-left-file",
        [("x", say(visitor.lang, &page.target.sheet.row().words).into())],
    );
    Ok(super::saved(write::csv(&table), "text/csv; charset=utf-8", &name))
}

/// `POST …/{token}`
pub async fn apply(
    Path(asked): Path<Asked>,
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
    posted: Posted,
) -> Answer {
    let target = target(&app, &visitor, &me, &asked).await?;
    let token = token(&app, &visitor, &me, &asked)?;
    let mark = posted.text("mark").parse::<Digest>();
    let mark = mark.map_err(|_| Trouble::at_desk(&app, &visitor, &me, &Failure::NotFound))?;
    let page = Page { app: &app, visitor: &visitor, me: &me, target };
    let (actor, root, service) = (me.actor(), page.target.root(), app.service.clone());
    let begun =
        app.read(move |_| Ok(service.import_begin(&actor, root, &asked.mechanism, token, mark))).await;
    match begun.unwrap_or_else(|failure| Err(ImportFailure::Failure(failure))) {
        Ok(Begun::Done(plan)) => {
            let [new, changed, _] = plan.counts();
            let back =
                page.target.record.as_ref().map_or_else(|| page.target.base(), |one| desk_base(one.id));
            Ok(see(&format!("{back}?imported={new}.{changed}")))
        }
        Ok(Begun::Running) => Ok(see(&format!("{}/{token}", page.target.base()))),
        Ok(Begun::Moved) => Ok(see(&format!("{}/{token}?moved=1", page.target.base()))),
        Err(ImportFailure::Otherwise(plan)) => {
            Ok(page.previewed(&plan, token, Some(visitor.t("import-otherwise"))))
        }
        Err(failure) => page.unread(failure),
    }
}

impl Page<'_> {
    async fn seen(&self, token: Digest) -> Result<Seen, ImportFailure> {
        let (actor, root, service) = (self.me.actor(), self.target.root(), self.app.service.clone());
        let mechanism = self.target.sheet.row().name.clone();
        let seen = self.app.read(move |_| Ok(service.import_seen(&actor, root, &mechanism, token)));
        seen.await.unwrap_or_else(|failure| Err(ImportFailure::Failure(failure)))
    }

    /// The upload page again with what was wrong with the file.
    fn unread(&self, failure: ImportFailure) -> Answer {
        let lang = self.visitor.lang;
        let (status, words) = match failure {
            ImportFailure::File(fault) => {
                (StatusCode::UNPROCESSABLE_ENTITY, file_words(lang, &fault, self.target.sheet.limits()))
            }
            ImportFailure::NoTable(found, sheet) => {
                (StatusCode::UNPROCESSABLE_ENTITY, no_table_words(lang, &found, &sheet))
            }
            ImportFailure::Gone => (StatusCode::GONE, self.visitor.t("import-gone")),
            ImportFailure::Failure(failure) => {
                return Err(Trouble::at_desk(self.app, self.visitor, self.me, &failure));
            }
            ImportFailure::Otherwise(_) => (StatusCode::CONFLICT, self.visitor.t("import-otherwise")),
        };
        Ok(render(status, &self.blank(Some(words))))
    }

    /// How far it is; the page looks again by itself until there is nothing more to wait for.
    fn watched(&self, watch: ImportWatch) -> Response {
        let again = watch.max > 0;
        let mut page = self.blank(None);
        page.watch = Some(watch);
        let mut response = render(StatusCode::OK, &page);
        if again {
            response.headers_mut().insert(header::REFRESH, HeaderValue::from_static(AGAIN));
        }
        response
    }

    fn previewed(&self, plan: &Plan, token: Digest, otherwise: Option<String>) -> Response {
        let status = match (&otherwise, plan.faults.is_empty()) {
            (Some(_), _) => StatusCode::CONFLICT,
            (None, true) => StatusCode::OK,
            (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let mut page = self.blank(None);
        let action = format!("{}/{token}", self.target.base());
        page.preview =
            Some(shown::preview(self.app, self.visitor, plan, action, self.target.above(), otherwise));
        render(status, &page)
    }

    /// The page before anything was sent.
    fn blank(&self, problem: Option<String>) -> ImportPage {
        let (visitor, sheet) = (self.visitor, &self.target.sheet);
        let lang = visitor.lang;
        let name = say(lang, &sheet.row().words);
        let action = self.target.base();
        let bytes = sheet.limits().bytes as u64;
        let rows = i64::try_from(sheet.limits().rows).unwrap_or(i64::MAX);
        let file = Field {
            name: "sheet".into(),
            label: visitor.t("import-file"),
            help: t_with(lang, "import-file-help", [("n", crate::view::format::number(rows).into())]),
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
        let above = match &self.target.record {
            Some(record) => {
                let law = self.app.service.state().laws.version(&record.mechanism, record.version).cloned();
                let named = law.and_then(|law| record.fields.get(law.title.as_deref()?).cloned());
                let subject = named.as_ref().and_then(gongzhi_base::Value::text).unwrap_or_default();
                format!("{} {subject}", record.number)
            }
            None => name,
        };
        ImportPage {
            s: visitor.desk_shell(self.app, self.me, title.clone()),
            title,
            above: Link::new(above, self.target.above()),
            clause: clause
                .and_then(|clause| clause_link(lang, clause))
                .map(|(label, href)| Link::new(label, href)),
            form_href: format!("{action}/form.xlsx"),
            columns: columns::told(lang, sheet),
            under: self.target.sheet.chain.len() > 1,
            form: Form {
                id: "import".into(),
                action,
                multipart: true,
                groups: vec![FieldGroup { fields: vec![file], ..FieldGroup::default() }],
                problems: problem.into_iter().map(|text| Problem { text, ..Problem::default() }).collect(),
                submit: visitor.t("import-check"),
                note: visitor.t("import-check-note"),
                cancel: Some(Link::new(visitor.t("back"), self.target.above())),
                ..Form::default()
            },
            preview: None,
            watch: None,
        }
    }
}

/// Why a file could not be read.
pub fn file_words(lang: Lang, fault: &ReadFault, limits: &Limits) -> String {
    let number = |n: usize| fluent_bundle::FluentValue::from(i64::try_from(n).unwrap_or(i64::MAX));
    let n = |key, n: usize| t_with(lang, key, [("n", number(n))]);
    let x = |key, x: &str| t_with(lang, key, [("x", x.into())]);
    match fault {
        ReadFault::TooLarge => n("sheet-too-large", limits.bytes / 1024 / 1024),
        ReadFault::Bomb => n("sheet-bomb", (limits.unpacked / 1024 / 1024) as usize),
        ReadFault::Empty => t(lang, "sheet-empty").into_owned(),
        ReadFault::OldOrProtected => t(lang, "sheet-old").into_owned(),
        ReadFault::NotASheet => t(lang, "sheet-not").into_owned(),
        ReadFault::Damaged => t(lang, "sheet-damaged").into_owned(),
        ReadFault::Quote(line) => n("sheet-quote", usize::try_from(*line).unwrap_or(usize::MAX)),
        ReadFault::Encoding => t(lang, "sheet-encoding").into_owned(),
        ReadFault::TooManyRows => n("sheet-too-many-rows", limits.rows),
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
        if sheets.is_empty() {
            return t_with(lang, "sheet-no-table-text", [("x", expected.into())]);
        }
        return t_with(lang, "sheet-no-table", [("x", expected.into()), ("y", sheets.into())]);
    };
    let missing = join(found.missing.iter().filter_map(heading).collect());
    let read = join(found.read.clone().into_iter().take(20).collect());
    let pairs =
        [("x", missing.into()), ("y", read.into()), ("n", (*row).into()), ("z", name.as_str().into())];
    let key = if name.is_empty() { "sheet-headings-missing-text" } else { "sheet-headings-missing" };
    t_with(lang, key, pairs)
}
