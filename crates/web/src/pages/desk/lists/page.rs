//! `GET /desk/list`: the records of a mechanism in one of its views, found by words, or behind a figure.

use axum::extract::State;
use axum::http::StatusCode;
use gongzhi_lang::model::{Indicator, Lapse, Measure, Mechanism};
use gongzhi_lang::view::{Column, Shape, View};
use gongzhi_service::figures::{Figure as Value, FigureQuery, Grain};
use gongzhi_service::listing::{Listed, Listing, Show, all_columns};
use gongzhi_service::saved::Lists;
use gongzhi_service::{Failure, State as County};

use super::asked::Asked;
use super::cell;
use super::head::Head;
use super::{board, calendar, map, matrix, timeline};
use crate::app::App;
use crate::i18n::{Lang, t, t_with};
use crate::pages::names;
use crate::pages::problem::{Answer, Trouble, ok};
use crate::pages::rows::record_row;
use crate::pages::visitor::{Me, Visitor};
use crate::pages::words::{clause_link, say};
use crate::view::{
    Choice, DrillPage, Figure, Link, ListCell, ListHeadCell, ListPage, ListRow, RecordList, Tab, format,
};
use gongzhi_kernel::project::Row;

/// What every view of the page is made from.
pub struct Seen<'a> {
    pub app: &'a App,
    pub visitor: &'a Visitor,
    pub me: &'a Me,
    pub state: &'a County,
    pub asked: &'a Asked,
    pub mechanism: &'a Mechanism,
    pub view: &'a View,
    pub lists: &'a Lists,
    /// The record above, where only its parts are shown.
    pub under: Option<Link>,
    /// The records that keep the mechanism's apart, the newest first.
    pub apart: &'a [Row],
}

impl Seen<'_> {
    /// Heads of a list's columns.
    pub fn heads(&self, columns: &[Column]) -> Vec<ListHeadCell> {
        let head = |column| ListHeadCell {
            label: cell::head(self.visitor.lang, self.mechanism, column),
            number: cell::numeric(self.mechanism, column),
        };
        columns.iter().map(head).collect()
    }

    /// The head of the page.
    pub fn head(&self) -> crate::view::ListHead {
        Head { seen: self, first: self.recent() }.made()
    }

    /// Today in the county.
    pub fn today(&self) -> jiff::civil::Date {
        self.state.world.zone.date(self.app.service.now())
    }

    /// The first of the months that are worth choosing from: a third of a year ago.
    pub fn recent(&self) -> jiff::civil::Date {
        let today = self.today().first_of_month();
        today.checked_sub(jiff::Span::new().months(4)).unwrap_or(today)
    }

    /// The question with the mechanism and view that it means.
    pub fn head_asked(&self) -> Asked {
        self.asked.with("mechanism", &self.mechanism.name).with("view", &self.view.name)
    }

    /// The frame, named by mechanism and view.
    pub fn shell(&self) -> crate::view::Shell {
        self.visitor.desk_shell(self.app, self.me, self.title())
    }

    /// View and mechanism in words.
    pub fn title(&self) -> String {
        let lang = self.visitor.lang;
        format!("{} · {}", say(lang, &self.view.words), say(lang, &self.mechanism.words))
    }

    /// The address of the records with one value more, as a list.
    pub fn list_with(&self, pairs: &[(&str, &str)]) -> String {
        self.listed_with(pairs).href()
    }

    /// The question for the records of this view, with one value more, as a list. It holds as many of them as
    /// the view does, whichever of them a list shows unasked.
    fn listed_with(&self, pairs: &[(&str, &str)]) -> Asked {
        let list = self.list_view();
        let asked = self.asked.with("mechanism", &self.mechanism.name).with("at", "").with("cols", "");
        let asked = asked.with("view", list.map_or("", |view| view.name.as_str()));
        let open = |view: &View| view.open && view.shape != Shape::Register;
        let other = list.is_some_and(|list| open(list) != open(self.view));
        let asked = match (other && self.asked.get("show").is_empty(), open(self.view)) {
            (true, true) => asked.with("show", Show::Open.word()),
            (true, false) => asked.with("show", Show::All.word()),
            (false, _) => asked,
        };
        pairs.iter().fold(asked, |asked, (name, value)| {
            let value = if value.is_empty() { super::asked::NONE } else { value };
            match *name {
                "state" => asked.with("state", value),
                name => asked.with(&format!("f.{name}"), value),
            }
        })
    }

    /// The first of the mechanism's views that is a list.
    pub fn list_view(&self) -> Option<&View> {
        self.mechanism.views.iter().find(|view| matches!(view.shape, Shape::List | Shape::Register))
    }

    /// The records of this view, with one value more, as files: the columns are those of the list.
    pub fn records_as_files(&self, pairs: &[(&str, &str)], any: bool) -> Vec<Link> {
        let query = self.listed_with(pairs).query();
        crate::pages::desk::export::links(self.visitor, "/desk/export/list", &query, any)
    }

    /// Reads within the person's rights.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&gongzhi_service::Service, &gongzhi_kernel::Actor) -> Result<T, Failure>
        + Send
        + 'static,
    ) -> Result<T, Trouble> {
        let actor = self.me.actor();
        let done = self.app.read(move |service| read(service, &actor)).await;
        done.map_err(|failure| Trouble::at_desk(self.app, self.visitor, self.me, &failure))
    }
}

/// What the pages of a mechanism's records are made from, read for one question.
pub struct Ground {
    state: std::sync::Arc<County>,
    mechanism: std::sync::Arc<Mechanism>,
    lists: Lists,
    under: Option<Link>,
    apart: Vec<Row>,
    /// The question, with the record above that it means where it names none.
    asked: Asked,
}

/// Reads the ground of a question. Of records that are kept apart it means those of the newest record above that
/// is open, or of the newest; behind a figure all that it counts.
pub async fn ground(app: &App, visitor: &Visitor, me: &Me, asked: &Asked) -> Result<Ground, Trouble> {
    let (actor, person, question) = (me.actor(), me.staff.code.clone(), asked.clone());
    let state = app.service.state().clone();
    let laws = state.clone();
    let read = app.read(move |service| {
        let named = question.get("mechanism").to_owned();
        let main = || service.main_list(&actor).map(|mechanism| mechanism.name.clone());
        let name = if named.is_empty() { main().unwrap_or_default() } else { named };
        let mechanism = laws.laws.newest(&name).cloned().ok_or(Failure::NotFound)?;
        mechanism.view(question.get("view")).ok_or(Failure::NotFound)?;
        let apart = service.apart(&actor, &mechanism)?;
        let asked = question.apart(&apart);
        let above = match asked.under() {
            Some(id) => service.listed_of(&actor, &[id])?.pop(),
            None => None,
        };
        Ok((mechanism, service.lists(&person)?, above, apart, asked))
    });
    let (mechanism, lists, above, apart, asked) = match read.await {
        Err(Failure::NotFound) => return Err(Trouble::status(app, visitor, StatusCode::NOT_FOUND)),
        read => read.map_err(|failure| Trouble::at_desk(app, visitor, me, &failure))?,
    };
    let under = above.map(|one| Link::new(cell::title(&one), format!("/desk/r/{}", one.row.id)));
    Ok(Ground { state, mechanism, lists, under, apart, asked })
}

impl Ground {
    /// The page of the question for which the ground was read.
    pub fn seen<'a>(&'a self, app: &'a App, visitor: &'a Visitor, me: &'a Me) -> Result<Seen<'a>, Trouble> {
        let Ground { state, mechanism, lists, under, apart, asked } = self;
        let view = mechanism.view(asked.get("view"));
        let view = view.ok_or_else(|| Trouble::status(app, visitor, StatusCode::NOT_FOUND))?;
        Ok(Seen { app, visitor, me, state, asked, mechanism, view, lists, under: under.clone(), apart })
    }
}

/// `GET /desk/list`, `GET /desk/search`
pub async fn page(State(app): State<App>, visitor: Visitor, me: Me, asked: Asked) -> Answer {
    if !asked.get("q").trim().is_empty() {
        return super::search::page(&app, &visitor, &me, &asked).await;
    }
    let ground = ground(&app, &visitor, &me, &asked).await?;
    let seen = ground.seen(&app, &visitor, &me)?;
    if let Some(indicator) =
        seen.mechanism.indicators.iter().find(|known| known.name == asked.get("indicator"))
    {
        return drill(&seen, indicator).await;
    }
    match &seen.view.shape {
        Shape::List | Shape::Register => list(&seen, None).await,
        Shape::Board { by } => board::page(&seen, by).await,
        Shape::Matrix { rows, columns, age, fresh } => {
            matrix::page(&seen, rows, columns, age.as_deref(), *fresh).await
        }
        Shape::Calendar { on } => calendar::page(&seen, on).await,
        Shape::Timeline { from, to } => timeline::page(&seen, from.as_deref(), to).await,
        Shape::Map => map::page(&seen).await,
    }
}

/// The question of the page with the columns that the person has chosen for the view.
pub fn ask(seen: &Seen<'_>) -> gongzhi_service::listing::Ask {
    let mut ask = seen.asked.ask(&seen.mechanism.name);
    if ask.columns.is_empty() {
        ask.columns = seen.lists.columns(&seen.mechanism.name, &seen.view.name).to_vec();
    }
    ask
}

/// A list or register; `note` is what was just done.
pub async fn list(seen: &Seen<'_>, note: Option<crate::view::Flash>) -> Answer {
    let ask = ask(seen);
    let name = seen.mechanism.name.clone();
    let (listing, steps): (Listing, _) = seen
        .read(move |service, actor| Ok((service.listing(actor, &ask)?, service.bulk_steps(actor, &name))))
        .await?;
    let lang = seen.visitor.lang;
    let chosen: Vec<Choice> = all_columns(seen.mechanism)
        .iter()
        .map(|column| Choice {
            value: column.word().to_owned(),
            label: cell::head(lang, seen.mechanism, column),
            selected: listing.columns.contains(column),
            ..Choice::default()
        })
        .collect();
    let steps = steps.iter().filter_map(|name| seen.mechanism.step(name));
    let steps: Vec<Choice> = steps
        .map(|step| Choice { value: step.name.clone(), label: say(lang, &step.words), ..Choice::default() })
        .collect();
    let asked = seen.asked;
    let mut s = seen.shell();
    s.flash = note;
    let page = ListPage {
        s,
        head: seen.head(),
        columns: seen.heads(&listing.columns),
        rows: listing.rows.iter().map(|one| row(seen, &listing.columns, one)).collect(),
        downloads: downloads(seen, !listing.rows.is_empty()),
        paging: asked.paging(listing.next),
        longest: asked.longest(listing.next.is_some() || !asked.get("after").is_empty()).map(|longest| {
            let n = [("n", i64::from(longest.limit()).into())];
            Link::new(t_with(lang, "bulk-longest", n), longest.href())
        }),
        chosen,
        steps,
        mechanism: seen.mechanism.name.clone(),
        view: seen.view.name.clone(),
        back: asked.query(),
    };
    Ok(ok(&page))
}

/// The list of the page as files.
fn downloads(seen: &Seen<'_>, any: bool) -> Vec<Link> {
    let query = seen.head_asked().query();
    crate::pages::desk::export::links(seen.visitor, "/desk/export/list", &query, any)
}

/// A record's line.
pub fn row(seen: &Seen<'_>, columns: &[Column], one: &Listed) -> ListRow {
    let (lang, now) = (seen.visitor.lang, seen.app.service.now());
    let href = format!("/desk/r/{}", one.row.id);
    let link = if columns.contains(&Column::Title) { Column::Title } else { Column::Number };
    let titled = |column: &Column| match column {
        // The title may be named as the field that it is.
        Column::Field(name) => {
            !columns.contains(&Column::Title) && seen.mechanism.title.as_ref() == Some(name)
        }
        column => *column == link,
    };
    let made = |column: &Column| {
        let is_link = titled(column);
        let text = cell::text(lang, seen.state, column, one, now);
        ListCell {
            head: cell::head(lang, seen.mechanism, column),
            class: match column {
                _ if is_link => "c-title".to_owned(),
                Column::Number => "c-number mono".to_owned(),
                Column::Due => "c-due".to_owned(),
                column if cell::numeric(seen.mechanism, column) => "c-count".to_owned(),
                column if cell::short(seen.mechanism, column) => "nowrap".to_owned(),
                _ => String::new(),
            },
            href: match (is_link, column, one.row.path.iter().rev().flatten().next()) {
                (true, ..) => href.clone(),
                (false, Column::Place, Some(code)) => format!("/desk/places/{code}"),
                _ => String::new(),
            },
            text: if is_link && text.is_empty() { one.row.number.clone() } else { text },
            state: (*column == Column::State).then(|| cell::state_of(lang, one)),
            due: if *column == Column::Due { cell::due_of(lang, seen.state, one, now) } else { None },
        }
    };
    ListRow {
        id: one.row.id.to_string(),
        name: cell::title(one),
        cells: columns.iter().map(made).collect(),
        marks: cell::marks(lang, one, &seen.view.marks),
    }
}

/// The records behind a figure: the figure itself, its rule and its parts.
async fn drill(seen: &Seen<'_>, indicator: &Indicator) -> Answer {
    let ask = ask(seen);
    let wanted = figure_query(seen, indicator);
    let (listing, found) = seen
        .read(move |service, actor| {
            let found = match wanted {
                Some(wanted) => service.figures_by(&wanted, Grain::Whole)?,
                None => Vec::new(),
            };
            Ok((service.listing(actor, &ask)?, found))
        })
        .await?;
    let (lang, asked) = (seen.visitor.lang, seen.asked);
    // Of units beside each other the whole is their sum; of times taken there is no sum.
    let one_by_one = found.len() > 1 && found.iter().all(|value| value.point.is_none());
    let found = match found.first().filter(|_| one_by_one) {
        Some(first) => vec![Value {
            numerator: found.iter().map(|value| value.numerator).sum(),
            denominator: found.iter().map(|value| value.denominator).sum(),
            thousandths: None,
            ..first.clone()
        }],
        None => found,
    };
    let value = found.first();
    let narrowed = |name: &str, words: &dyn Fn(&str) -> String| {
        let value = asked.get(name);
        (!value.is_empty()).then(|| words(value))
    };
    let place = narrowed("place", &|code| names::place(lang, seen.state, code));
    let unit = narrowed("unit", &|code| names::unit(lang, seen.state, code));
    let month = narrowed("month", &|month| crate::pages::desk::board::month_words(lang, month));
    let under = seen.under.as_ref().map(|link| link.label.clone());
    let fields = asked.values().map(|(name, value)| {
        let head = cell::axis_head(lang, seen.mechanism, name);
        format!(
            "{head}{}{}",
            seen.visitor.t("colon"),
            cell::axis_value(lang, seen.state, seen.mechanism, name, value)
        )
    });
    let note: Vec<String> = [place, unit, month, under].into_iter().flatten().chain(fields).collect();
    let tab = |part: &str, count: i64| Tab {
        label: seen.visitor.t(&format!("part-{part}")),
        count: format::number(count),
        href: asked.with("part", part).href(),
        current: asked.get("part") == part || asked.get("part").is_empty() && part == "base",
    };
    let parts = match (&indicator.measure, value) {
        (Measure::Ratio { .. }, Some(value)) => vec![
            tab("base", value.denominator),
            tab("counted", value.numerator),
            tab("rest", value.denominator - value.numerator),
        ],
        _ => Vec::new(),
    };
    let now = seen.app.service.now();
    let rows = listing.rows.iter().map(|one| record_row(lang, seen.state, &one.row, now));
    let page = DrillPage {
        s: seen.visitor.desk_shell(seen.app, seen.me, say(lang, &indicator.words)),
        figure: Figure {
            label: match indicator.measure {
                Measure::Percentile { .. } => figure_words(lang, indicator, None),
                _ => say(lang, &indicator.words),
            },
            value: shown_values(indicator, &found),
            note: note.join(" · "),
            ..Figure::default()
        },
        clause: clause_link(lang, &indicator.clause).map(|(label, href)| Link::new(label, href)),
        rule: indicator.clause.basis.clone(),
        parts,
        list: RecordList {
            rows: rows.collect(),
            downloads: downloads(seen, !listing.rows.is_empty()),
            paging: asked.paging(listing.next),
            ..RecordList::default()
        },
    };
    Ok(ok(&page))
}

/// The kept figure for exactly what is asked; none where it is narrowed in more than one way.
fn figure_query(seen: &Seen<'_>, indicator: &Indicator) -> Option<FigureQuery> {
    use gongzhi_lang::model::Dimension;
    let asked = seen.asked;
    let mut narrowed: Vec<(Dimension, String)> = Vec::new();
    for (name, dimension) in
        [("place", Dimension::Place), ("unit", Dimension::Unit), ("kind", Dimension::Kind)]
    {
        let value = asked.get(name);
        narrowed.extend((!value.is_empty()).then(|| (dimension, value.to_owned())));
    }
    narrowed.extend(asked.values().map(|(name, value)| (Dimension::Field, format!("{name}={value}"))));
    let by = |wanted: Dimension| indicator.by.contains(&wanted);
    let under = asked.under().map(|id| id.to_string());
    // Beside a record above: what keeps these apart counts the others within it.
    let within = match narrowed.is_empty() {
        true => None,
        false => asked.under().filter(|id| seen.apart.iter().any(|row| row.id == *id)),
    };
    if within.is_none() {
        narrowed.extend(under.map(|id| (Dimension::Parent, id)));
    }
    let (dimension, keys) = match narrowed.as_slice() {
        [] if by(Dimension::Place) => (Dimension::Place, vec![seen.state.world.county.clone()]),
        // Units lie beside each other: their sum is the whole.
        [] if by(Dimension::Unit) => (Dimension::Unit, Vec::new()),
        [(dimension, key)] if by(*dimension) => (*dimension, vec![key.clone()]),
        _ => return None,
    };
    let months = match asked.get("month") {
        "" => ("0000-00".to_owned(), "9999-99".to_owned()),
        period => Grain::months(period),
    };
    let (mechanism, indicators) = (seen.mechanism.name.clone(), vec![indicator.name.clone()]);
    Some(FigureQuery { mechanism, indicators, dimension, keys, within, months })
}

/// The values of a figure: of times taken, with how many of a hundred records took no longer.
fn shown_values(indicator: &Indicator, values: &[Value]) -> String {
    let one = |value: &Value| match value.point {
        Some(point) => format!("{} ({point}%)", value_words(indicator, value)),
        None => value_words(indicator, value),
    };
    values.iter().map(one).collect::<Vec<_>>().join(" · ")
}

/// A figure's name; a time taken with its unit and its point.
pub fn figure_words(lang: Lang, indicator: &Indicator, point: Option<u8>) -> String {
    let name = say(lang, &indicator.words);
    let Measure::Percentile { unit, .. } = &indicator.measure else { return name };
    let unit = t(lang, if *unit == Lapse::Hours { "in-hours" } else { "in-working-days" });
    match point {
        Some(point) => t_with(
            lang,
            "figure-point",
            [("x", name.into()), ("n", i64::from(point).into()), ("unit", unit.into())],
        ),
        None => t_with(lang, "figure-in", [("x", name.into()), ("unit", unit.into())]),
    }
}

/// A figure's value as shown: a percentage, a number, or a time in the unit of its indicator.
pub fn value_words(indicator: &Indicator, value: &Value) -> String {
    match indicator.measure {
        Measure::Ratio { .. } => {
            format::percent(value.numerator.max(0) as u64, value.denominator.max(0) as u64)
        }
        // To the tenth: what is kept is no more exact.
        Measure::Percentile { .. } => {
            let tenths = (value.thousandths.unwrap_or(0) + 50) / 100;
            format!("{}.{}", format::number(tenths / 10), tenths % 10)
        }
        Measure::Count(_) | Measure::Sum(_) => format::number(value.numerator),
    }
}

/// The address of the records behind a figure.
pub fn figure_href(
    mechanism: &str,
    indicator: &str,
    part: &str,
    place: &str,
    unit: &str,
    kind: &str,
    month: &str,
) -> String {
    let asked = Asked::default().with("mechanism", mechanism).with("indicator", indicator).with("part", part);
    asked.with("place", place).with("unit", unit).with("kind", kind).with("month", month).href()
}
