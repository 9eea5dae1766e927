//! Checked expressions: CEL's grammar over the fields of one mechanism, already typed.

pub mod constant;
pub mod lex;
pub mod parse;
pub mod types;

/// A typed expression. Names are resolved; evaluating one cannot fail for a reason of types.
#[derive(Clone, PartialEq, Debug)]
pub enum Expr {
    Bool(bool),
    Int(i64),
    Text(String),
    Span(gongzhi_base::Span),
    List(Vec<Expr>),
    /// A field of the record; `null` without a value.
    Field(String),
    /// A column of a catalogue's entry: `kind.answer`.
    Column {
        entry: Box<Expr>,
        catalogue: String,
        column: String,
    },
    /// A field of a register's entry: `handler.superior`. Register is `place`, `unit` or `person`.
    Register {
        entry: Box<Expr>,
        register: String,
        field: String,
    },
    Actor(ActorPart),
    Opened,
    Now,
    State,
    Number,
    Has(String),
    /// Whether whoever takes the step gave the field a value with it.
    Given(String),
    Taken(String),
    Met(String),
    Late(String),
    Running(String),
    Parts(String),
    OpenParts(String),
    UnitFor {
        kind: Box<Expr>,
        place: Box<Expr>,
    },
    Up {
        place: Box<Expr>,
        level: crate::model::Level,
    },
    Size(Box<Expr>),
    /// The first day of the period in which a day lies.
    First {
        day: Box<Expr>,
        period: gongzhi_base::dayrule::Period,
    },
    /// The day of a time.
    DateOf(Box<Expr>),
    /// Where registers hold what is called so: entries of the dictionary, for a text or a list of texts.
    Held(Box<Expr>),
    /// Those of a list of texts that no register holds.
    Missing(Box<Expr>),
    /// A list of texts as one, with a text between.
    Join {
        of: Box<Expr>,
        by: String,
    },
    /// A field of the record that this one is a part of; `state` is that record's state.
    Parent(String),
    /// One column of a table as a list.
    Each {
        rows: Box<Expr>,
        column: String,
    },
    /// The sum of a list of numbers.
    Sum(Box<Expr>),
    /// How many rows or parts there are for which a condition holds.
    CountOver {
        over: Over,
        when: Box<Expr>,
    },
    /// The sum of a number over rows or parts.
    SumOver {
        over: Over,
        number: Box<Expr>,
    },
    /// A value of each row or part that has one, as a list.
    ListOver {
        over: Over,
        value: Box<Expr>,
    },
    /// Inside of those: a column of the row, or what the part tells.
    Inner(String),
    /// Whether that has a value.
    HasInner(String),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Binary {
        op: Op,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    If {
        test: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
}

/// What is counted or summed over.
#[derive(Clone, PartialEq, Debug)]
pub enum Over {
    /// The rows of a table.
    Rows(Box<Expr>),
    /// Parts of this mechanism.
    Parts(String),
}

/// What of the acting person an expression reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ActorPart {
    Unit,
    Role,
    Person,
    Place,
}

/// Operators of two operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Op {
    And,
    Or,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    Add,
    Sub,
    Mul,
    Div,
    Rem,
}
