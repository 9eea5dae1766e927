//! `GET /mechanisms` and `GET /mechanisms/{name}`: what a county runs, in both languages.

use axum::Json;
use axum::extract::State;
use gongzhi_lang::model::{
    Ask, Column, Deadline, Field, Indicator, Limit, Measure, Mechanism, Need, Step, Target, Tone, Type, Who,
};
use gongzhi_service::Failure;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::input::Address;
use super::problem::{Problem, PublicProblems};
use super::shape::{BasisShape, WordsShape, basis};
use crate::app::App;
use crate::i18n::Lang;

/// The mechanisms in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct Mechanisms {
    pub items: Vec<MechanismHead>,
}

/// A mechanism in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct MechanismHead {
    #[schema(example = "matter")]
    pub name: String,
    pub version: u32,
    pub words: WordsShape,
    /// Its document, readable under `/help/{document}`.
    pub document: String,
    /// Which register its records are, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register: Option<String>,
    /// The mechanism whose records open records of this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Whether the opener gets a receipt code.
    pub receipt: bool,
    /// Steps that open a record.
    pub opens: Vec<String>,
}

impl From<&Mechanism> for MechanismHead {
    fn from(mechanism: &Mechanism) -> MechanismHead {
        MechanismHead {
            name: mechanism.name.clone(),
            version: mechanism.version,
            words: (&mechanism.words).into(),
            document: mechanism.document.clone(),
            register: mechanism.register.clone(),
            parent: mechanism.parent.clone(),
            receipt: mechanism.receipt,
            opens: mechanism.openers().map(|step| step.name.clone()).collect(),
        }
    }
}

/// A mechanism.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mechanism)]
pub struct MechanismShape {
    pub head: MechanismHead,
    /// Levels of place on which its records live.
    pub lives_at: Vec<&'static str>,
    /// Names of the fields that are a record's title, place, unit in charge and kind.
    pub title: Option<String>,
    pub place: Option<String>,
    pub unit: Option<String>,
    pub kind: Option<String>,
    pub fields: Vec<FieldShape>,
    pub states: Vec<StateShape>,
    pub steps: Vec<RuleShape>,
    pub deadlines: Vec<LimitShape>,
    /// What no step may lead to, in the words of its refusal.
    pub constraints: Vec<NeedShape>,
    pub indicators: Vec<IndicatorShape>,
}

/// A field.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Field)]
pub struct FieldShape {
    pub name: String,
    pub words: WordsShape,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<WordsShape>,
    /// `text`, `count`, `amount`, `date`, `time`, `span`, `bool`, `choice`, `entry`, `place`, `unit`, `person`, `record`, `point`,
    /// `photo`, `file`, `month` or `rows` (a table).
    #[serde(rename = "type")]
    #[schema(example = "text")]
    pub ty: &'static str,
    /// Whether it holds a list of them.
    pub list: bool,
    /// The catalogue of an entry or of a table's rows, or the mechanism of a record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Bounds of characters, number (fen for amounts) or items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<OptionShape>,
    /// Levels of place that may be chosen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<&'static str>,
    /// Kinds of unit that may be chosen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// Of a person: the field that names the unit in which it must hold a post.
    #[serde(rename = "in", skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
    /// Columns of a table. Where `of` names a catalogue it has one row for each lowest entry, named by `item`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnShape>,
    /// Whether its value follows from others: it is never sent.
    pub computed: bool,
    /// Whether the holder and the public see it.
    pub public: bool,
    /// For personal data: what it serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<WordsShape>,
    pub rule: BasisShape,
}

/// A column of a table.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Column)]
pub struct ColumnShape {
    pub name: String,
    pub words: WordsShape,
    /// As for fields.
    #[serde(rename = "type")]
    pub ty: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Whether it may stay empty.
    pub optional: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<OptionShape>,
}

impl ColumnShape {
    fn new(lang: Lang, column: &Column) -> ColumnShape {
        let shape = field(lang, &column.field);
        let FieldShape { name, words, ty, of, options, .. } = shape;
        ColumnShape { name, words, ty, of, optional: column.optional, options }
    }
}

/// One of a field's choices.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Option)]
pub struct OptionShape {
    pub value: String,
    pub words: WordsShape,
}

/// A state.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = State)]
pub struct StateShape {
    pub name: String,
    pub words: WordsShape,
    /// Who is to act.
    pub waits: Vec<String>,
    /// `neutral`, `active`, `good` or `bad`.
    pub tone: &'static str,
    #[serde(rename = "final")]
    pub is_final: bool,
    pub rule: BasisShape,
}

/// A step.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Step)]
pub struct RuleShape {
    pub name: String,
    pub words: WordsShape,
    /// States from which it is taken; empty for one that opens a record.
    pub from: Vec<String>,
    /// The state after; none keeps it.
    pub to: Option<String>,
    /// Who may take it, as the document says: `anyone`, `holder`, `system`, a role, or `role of field`.
    pub by: Vec<String>,
    pub asks: Vec<AskShape>,
    /// Conditions, in the words of their refusal.
    pub needs: Vec<NeedShape>,
    /// Whether it is taken by itself.
    pub automatic: bool,
    /// Whether the holder and the public see it.
    pub public: bool,
    pub rule: BasisShape,
}

/// A field asked in a step.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ask)]
pub struct AskShape {
    pub field: String,
    pub optional: bool,
}

impl From<&Ask> for AskShape {
    fn from(ask: &Ask) -> AskShape {
        AskShape { field: ask.field.clone(), optional: ask.optional }
    }
}

/// A condition of a step.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Need)]
pub struct NeedShape {
    pub words: WordsShape,
    pub rule: BasisShape,
}

/// A deadline's rule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Limit)]
pub struct LimitShape {
    pub name: String,
    pub words: WordsShape,
    /// Steps that start it.
    pub starts: Vec<String>,
    /// Steps that meet it.
    pub ends: Vec<String>,
    /// States in which it stands still.
    pub pauses: Vec<String>,
    /// Its length where the rule states one; none where it follows from the record.
    pub within: Option<String>,
    /// The day of the calendar on which it ends, as the document words it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// How long before the end it reminds.
    pub warns: Option<String>,
    /// The step taken when it passes.
    pub late: Option<String>,
    pub rule: BasisShape,
}

/// An indicator.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Indicator)]
pub struct IndicatorShape {
    pub name: String,
    pub words: WordsShape,
    /// `count`, `sum` or `ratio`.
    pub measure: &'static str,
    /// What it is told by.
    pub by: Vec<&'static str>,
    /// Its target, as `>= 90`; per cent for ratios.
    pub target: Option<String>,
    pub rule: BasisShape,
}

fn who(who: &[Who]) -> Vec<String> {
    let one = |who: &Who| match who {
        Who::Anyone => "anyone".to_owned(),
        Who::Holder => "holder".to_owned(),
        Who::System => "system".to_owned(),
        Who::Role(role) => role.clone(),
        Who::RoleOf { role, field } => format!("{role} of {field}"),
    };
    who.iter().map(one).collect()
}

fn field(lang: Lang, field: &Field) -> FieldShape {
    let (list, ty) = match &field.ty {
        Type::List(item) => (true, item.as_ref()),
        one => (false, one),
    };
    let (name, of) = match ty {
        Type::Bool => ("bool", None),
        Type::Int if field.amount => ("amount", None),
        Type::Int => ("count", None),
        Type::Text => ("text", None),
        Type::Date => ("date", None),
        Type::Time => ("time", None),
        Type::Span => ("span", None),
        Type::Choice(_) => ("choice", None),
        Type::Entry(catalogue) => ("entry", Some(catalogue.clone())),
        Type::Place => ("place", None),
        Type::Unit => ("unit", None),
        Type::Person => ("person", None),
        Type::Record(mechanism) => ("record", Some(mechanism.clone())),
        Type::Point => ("point", None),
        Type::File if field.photo => ("photo", None),
        Type::File => ("file", None),
        Type::Month => ("month", None),
        Type::Rows(_) => ("rows", field.each.clone()),
        // The language has no lists of lists.
        Type::List(_) => ("list", None),
    };
    let options = field.options.iter();
    FieldShape {
        name: field.name.clone(),
        words: (&field.words).into(),
        help: WordsShape::some(&field.help),
        ty: name,
        list,
        of,
        min: field.min,
        max: field.max,
        options: options
            .map(|(value, words)| OptionShape { value: value.clone(), words: words.into() })
            .collect(),
        levels: field.levels.iter().map(|level| level.word()).collect(),
        kinds: field.kinds.clone(),
        within: field.within.clone(),
        columns: field.columns.iter().map(|column| ColumnShape::new(lang, column)).collect(),
        computed: field.is.is_some(),
        public: field.public,
        purpose: field.personal.as_ref().map(|personal| (&personal.purpose).into()),
        rule: basis(lang, &field.clause),
    }
}

fn step(lang: Lang, step: &Step) -> RuleShape {
    let need = |need: &Need| NeedShape { words: (&need.words).into(), rule: basis(lang, &need.clause) };
    RuleShape {
        name: step.name.clone(),
        words: (&step.words).into(),
        from: step.from.clone(),
        to: step.to.clone(),
        by: who(&step.by),
        asks: step.asks.iter().map(AskShape::from).collect(),
        needs: step.needs.iter().map(need).collect(),
        automatic: step.auto.is_some(),
        public: step.public,
        rule: basis(lang, &step.clause),
    }
}

fn limit(lang: Lang, deadline: &Deadline) -> LimitShape {
    LimitShape {
        name: deadline.name.clone(),
        words: (&deadline.words).into(),
        starts: deadline.starts.clone(),
        ends: deadline.ends.clone(),
        pauses: deadline.pauses.clone(),
        within: match &deadline.limit {
            Limit::Within(gongzhi_lang::expr::Expr::Span(span)) => Some(span.to_string()),
            _ => None,
        },
        due: match &deadline.limit {
            Limit::Due(due) => Some(due.text.clone()),
            Limit::Within(_) => None,
        },
        warns: deadline.warns.map(|span| span.to_string()),
        late: deadline.late.clone(),
        rule: basis(lang, &deadline.clause),
    }
}

fn indicator(lang: Lang, indicator: &Indicator) -> IndicatorShape {
    let target = |target: Target| {
        let sign = if target.at_least { ">=" } else { "<=" };
        format!("{sign} {}", target.thousandths as f64 / 1_000.0)
    };
    IndicatorShape {
        name: indicator.name.clone(),
        words: (&indicator.words).into(),
        measure: match indicator.measure {
            Measure::Count(_) => "count",
            Measure::Sum(_) => "sum",
            Measure::Ratio { .. } => "ratio",
            Measure::Percentile { .. } => "percentile",
        },
        by: indicator.by.iter().map(|dimension| dimension.word()).collect(),
        target: indicator.target.map(target),
        rule: basis(lang, &indicator.clause),
    }
}

fn shape(lang: Lang, mechanism: &Mechanism) -> MechanismShape {
    let states = mechanism.states.iter().map(|state| StateShape {
        name: state.name.clone(),
        words: (&state.words).into(),
        waits: who(&state.waits),
        tone: match state.tone {
            Tone::Neutral => "neutral",
            Tone::Active => "active",
            Tone::Good => "good",
            Tone::Bad => "bad",
        },
        is_final: state.is_final,
        rule: basis(lang, &state.clause),
    });
    MechanismShape {
        head: mechanism.into(),
        lives_at: mechanism.lives_at.iter().map(|level| level.word()).collect(),
        title: mechanism.title.clone(),
        place: mechanism.place.clone(),
        unit: mechanism.unit.clone(),
        kind: mechanism.kind.clone(),
        fields: mechanism.fields.iter().map(|one| field(lang, one)).collect(),
        states: states.collect(),
        steps: mechanism.steps.iter().map(|one| step(lang, one)).collect(),
        deadlines: mechanism.deadlines.iter().map(|one| limit(lang, one)).collect(),
        constraints: mechanism
            .constraints
            .iter()
            .map(|one| NeedShape { words: (&one.words).into(), rule: basis(lang, &one.clause) })
            .collect(),
        indicators: mechanism.indicators.iter().map(|one| indicator(lang, one)).collect(),
    }
}

/// List the mechanisms in force.
#[utoipa::path(
    get, path = "/mechanisms", tag = "description",
    responses((status = 200, description = "The newest version of each", body = Mechanisms), PublicProblems),
    security(())
)]
pub async fn mechanisms(State(app): State<App>) -> Json<Mechanisms> {
    let state = app.service.state();
    let items = state.laws.library.mechanisms.values().map(|mechanism| mechanism.as_ref().into());
    Json(Mechanisms { items: items.collect() })
}

/// Read a mechanism: its fields, steps, states, deadlines and indicators.
#[utoipa::path(
    get, path = "/mechanisms/{name}", tag = "description",
    params(("name" = String, Path, description = "The mechanism", example = "matter")),
    responses((status = 200, description = "Its newest version", body = MechanismShape), PublicProblems),
    security(())
)]
pub async fn mechanism(
    State(app): State<App>,
    caller: Caller,
    Address(name): Address<String>,
) -> Result<Json<MechanismShape>, Problem> {
    let state = app.service.state();
    let mechanism = state.laws.newest(&name).ok_or_else(|| caller.failure(&Failure::NotFound, &app))?;
    Ok(Json(shape(caller.lang, mechanism)))
}
