//! Types of expressions: every name resolved against the mechanism, every operator against its operands.

mod over;

use over::Inner;

use gongzhi_base::dayrule::Period;

use super::parse::{Node, Tree};
use super::{ActorPart, Expr, Op};
use crate::ast::{Code, Mechanism};
use crate::checks::{expression_types as wrong, personal_read, unknown_name};
use crate::diagnostic::Faults;
use crate::model::{Level, Type};
use crate::source::{At, Word};
use crate::world::World;

/// Where an expression stands: what it may read depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    /// A condition of a step, or a value computed in one: somebody acts.
    Step,
    /// The condition of an automatic step: nobody acts, and no clock wakes it.
    Auto,
    /// A field whose value follows from others: time alone may not change it, nobody acts.
    Computed,
    /// A time limit.
    Limit,
    /// An indicator: kept up as events happen, so time alone may not change it.
    Indicator,
}

/// What an expression may name.
pub struct Scope<'a> {
    pub world: &'a World<'a>,
    pub mechanism: &'a Mechanism,
    pub place: Use,
}

/// Words that mean something by themselves, so that no field may be called so.
pub const RESERVED: [&str; 9] = ["true", "false", "null", "in", "opened", "now", "state", "number", "actor"];

/// The functions.
pub const FUNCTIONS: &[&str] = &[
    "has",
    "given",
    "taken",
    "met",
    "late",
    "running",
    "parts",
    "open_parts",
    "unit_for",
    "up",
    "size",
    "date",
    "first",
    "span",
    "held",
    "missing",
    "join",
    "count",
    "sum",
    "values",
];

/// Checks an expression that must give the wanted type; its typed form is kept in the code.
pub fn check(code: &Code, wanted: &Type, scope: &Scope<'_>, faults: &mut Faults) {
    check_in(code, wanted, scope, None, faults);
}

/// The same for an expression about one row of a table: its columns are read first.
pub fn check_row(
    code: &Code,
    wanted: &Type,
    scope: &Scope<'_>,
    columns: &[(String, Type)],
    faults: &mut Faults,
) {
    check_in(code, wanted, scope, Some(Inner::Row(columns.to_vec())), faults);
}

fn check_in<'s>(
    code: &'s Code,
    wanted: &Type,
    scope: &'s Scope<'s>,
    inner: Option<Inner<'s>>,
    faults: &mut Faults,
) {
    let Some(tree) = &code.tree else { return };
    let mut typing = Typing { scope, code, faults, inner };
    let Some((expr, found)) = typing.infer(tree) else { return };
    if typing.fits(&expr, &found, wanted, tree) {
        let _ = code.typed.set(expr);
    }
}

struct Typing<'s, 'f> {
    scope: &'s Scope<'s>,
    code: &'s Code,
    faults: &'f mut Faults,
    /// What `count` and `sum` go over, inside of them.
    inner: Option<Inner<'s>>,
}

type Typed = Option<(Expr, Type)>;

impl<'s> Typing<'s, '_> {
    fn at(&self, tree: &Tree) -> At {
        if self.code.exact { self.code.at.part(tree.range.clone()) } else { self.code.at }
    }

    fn tell(&mut self, fault: crate::diagnostic::Fault) -> Typed {
        self.faults.add(fault);
        None
    }

    fn infer(&mut self, tree: &Tree) -> Typed {
        match &tree.node {
            Node::Int(int) => Some((Expr::Int(*int), Type::Int)),
            Node::Text(text) => Some((Expr::Text(text.clone()), Type::Text)),
            Node::List(items) => self.list(items),
            Node::Name(name) => self.name(name, tree),
            Node::Member { of, name } => self.member(of, name, tree),
            Node::Call { name, args } => self.call(name, args, tree),
            Node::Not(of) => {
                let (expr, ty) = self.infer(of)?;
                self.fits(&expr, &ty, &Type::Bool, of).then(|| (Expr::Not(Box::new(expr)), Type::Bool))
            }
            Node::Negate(of) => {
                let (expr, ty) = self.infer(of)?;
                self.fits(&expr, &ty, &Type::Int, of).then(|| (Expr::Negate(Box::new(expr)), Type::Int))
            }
            Node::Binary { op, left, right } => self.binary(*op, left, right, tree),
            Node::If { test, then, otherwise } => {
                let test_typed = self.infer(test);
                let (then_typed, otherwise_typed) = (self.infer(then), self.infer(otherwise));
                let (test_expr, ty) = test_typed?;
                let is_bool = self.fits(&test_expr, &ty, &Type::Bool, test);
                let ((a, a_type), (b, b_type)) = (then_typed?, otherwise_typed?);
                let ty = if self.fits_quietly(&b, &b_type, &a_type) {
                    a_type
                } else {
                    self.fits(&a, &a_type, &b_type, then).then_some(b_type)?
                };
                let (test, then, otherwise) = (Box::new(test_expr), Box::new(a), Box::new(b));
                is_bool.then_some((Expr::If { test, then, otherwise }, ty))
            }
        }
    }

    fn list(&mut self, items: &[Tree]) -> Typed {
        let typed: Vec<_> = items.iter().map(|item| self.infer(item)).collect();
        let mut exprs = Vec::new();
        let mut ty: Option<Type> = None;
        for (item, typed) in items.iter().zip(typed) {
            let (expr, item_type) = typed?;
            match &ty {
                None => ty = Some(item_type),
                Some(first) => {
                    let first = first.clone();
                    self.fits(&expr, &item_type, &first, item).then_some(())?;
                }
            }
            exprs.push(expr);
        }
        Some((Expr::List(exprs), Type::List(Box::new(ty.unwrap_or(Type::Text)))))
    }

    fn name(&mut self, name: &str, tree: &Tree) -> Typed {
        if let Some(ty) = self.inner.as_ref().and_then(|inner| inner.of(name)) {
            return Some((Expr::Inner(name.to_owned()), ty));
        }
        let refused = matches!(
            (name, self.scope.place),
            ("now", Use::Auto | Use::Indicator | Use::Computed) | ("actor", _)
        );
        if refused {
            return self.tell(wrong::not_here(self.at(tree), name));
        }
        Some(match name {
            "true" => (Expr::Bool(true), Type::Bool),
            "false" => (Expr::Bool(false), Type::Bool),
            "null" => return self.tell(wrong::null(self.at(tree))),
            "opened" => (Expr::Opened, Type::Time),
            "now" => (Expr::Now, Type::Time),
            "number" => (Expr::Number, Type::Text),
            "state" => {
                (Expr::State, Type::Choice(self.scope.mechanism.state_names().map(str::to_owned).collect()))
            }
            _ => return self.field(name, tree),
        })
    }

    fn field(&mut self, name: &str, tree: &Tree) -> Typed {
        let mechanism = self.scope.mechanism;
        let at = self.at(tree);
        let Some(field) = mechanism.field(name) else {
            if !mechanism.incomplete {
                let columns = match &self.inner {
                    Some(Inner::Row(columns)) => columns.as_slice(),
                    _ => &[],
                };
                let columns = columns.iter().map(|(column, _)| column.as_str());
                let known =
                    columns.chain(mechanism.field_names()).chain(["opened", "now", "state", "number"]);
                let known: Vec<&str> = known.collect();
                self.faults.add(unknown_name::fault("kind.field", name, at, known));
            }
            return None;
        };
        if field.personal.is_some() {
            return self.tell(personal_read::fault(at, name));
        }
        Some((Expr::Field(name.to_owned()), field.type_of()?.clone()))
    }

    fn member(&mut self, of: &Tree, name: &str, tree: &Tree) -> Typed {
        if of.node == Node::Name("actor".into()) {
            return self.actor(name, tree);
        }
        if of.node == Node::Name("parent".into())
            && let Some(parent) = &self.scope.mechanism.parent
        {
            return self.parent(parent.text(), name, tree);
        }
        let (expr, ty) = self.infer(of)?;
        let at = self.at(tree);
        match &ty {
            Type::Rows(columns) => match columns.iter().find(|(column, _)| column == name) {
                Some((_, ty)) => {
                    let ty = Type::List(Box::new(ty.clone()));
                    Some((Expr::Each { rows: Box::new(expr), column: name.to_owned() }, ty))
                }
                None => {
                    let known = columns.iter().map(|(column, _)| column.as_str());
                    self.tell(unknown_name::fault("kind.column", name, at, known))
                }
            },
            Type::Entry(catalogue) => {
                let declared = self.scope.world.catalogue(catalogue)?;
                let column = declared.columns.iter().find(|(column, _)| column.value == name);
                let Some((_, ty)) = column else {
                    let known = declared.columns.iter().map(|(column, _)| column.text());
                    return self.tell(unknown_name::fault("kind.column", name, at, known));
                };
                let (entry, catalogue, column) = (Box::new(expr), catalogue.clone(), name.to_owned());
                Some((Expr::Column { entry, catalogue, column }, ty.clone()))
            }
            Type::Place | Type::Unit | Type::Person => {
                let register = match ty {
                    Type::Place => "place",
                    Type::Unit => "unit",
                    _ => "person",
                };
                let Some(mechanism) = self.scope.world.register(register) else {
                    return self.tell(unknown_name::fault("kind.register", register, at, []));
                };
                let Some(field) = mechanism.field(name) else {
                    if !mechanism.incomplete {
                        self.faults.add(unknown_name::fault("kind.field", name, at, mechanism.field_names()));
                    }
                    return None;
                };
                if field.personal.is_some() {
                    return self.tell(personal_read::fault(at, name));
                }
                let (entry, field_name) = (Box::new(expr), name.to_owned());
                let ty = field.type_of()?.clone();
                Some((Expr::Register { entry, register: register.to_owned(), field: field_name }, ty))
            }
            other => self.tell(wrong::no_members(at, name, other)),
        }
    }

    fn actor(&mut self, name: &str, tree: &Tree) -> Typed {
        let at = self.at(tree);
        if self.scope.place != Use::Step {
            return self.tell(wrong::not_here(at, "actor"));
        }
        let roles = || self.scope.world.role_names().map(str::to_owned).collect();
        let (part, ty) = match name {
            "unit" => (ActorPart::Unit, Type::Unit),
            "role" => (ActorPart::Role, Type::Choice(roles())),
            "person" => (ActorPart::Person, Type::Person),
            "place" => (ActorPart::Place, Type::Place),
            _ => {
                let known = ["unit", "role", "person", "place"];
                return self.tell(unknown_name::fault("kind.field", name, at, known));
            }
        };
        Some((Expr::Actor(part), ty))
    }

    fn call(&mut self, name: &str, args: &[Tree], tree: &Tree) -> Typed {
        let at = self.at(tree);
        let wanted = match name {
            "unit_for" | "up" | "join" | "first" => 2,
            "count" | "sum" | "values" => return self.over(name, args, tree),
            "met" | "late" | "running" if self.scope.place == Use::Computed => {
                return self.tell(wrong::not_here(at, name));
            }
            _ if FUNCTIONS.contains(&name) => 1,
            _ => return self.tell(unknown_name::fault("kind.function", name, at, FUNCTIONS.iter().copied())),
        };
        if args.len() != wanted {
            return self.tell(wrong::arguments(at, name, wanted, args.len()));
        }
        match name {
            "has" => self.has(&args[0]),
            "given" => self.given(&args[0]),
            "unit_for" => {
                let (kind, place) = (self.infer(&args[0]), self.infer(&args[1]));
                let ((kind, kind_type), (place, place_type)) = (kind?, place?);
                let fits = self.fits(&kind, &kind_type, &Type::Text, &args[0])
                    & self.fits(&place, &place_type, &Type::Place, &args[1]);
                fits.then(|| (Expr::UnitFor { kind: Box::new(kind), place: Box::new(place) }, Type::Unit))
            }
            "up" => {
                let (place, ty) = self.infer(&args[0])?;
                let fits = self.fits(&place, &ty, &Type::Place, &args[0]);
                let word = self.literal(&args[1])?;
                let Some(level) = Level::read(word.text()) else {
                    let known = Level::ALL.map(Level::word);
                    return self.tell(unknown_name::fault("kind.level", word.text(), word.at, known));
                };
                fits.then(|| (Expr::Up { place: Box::new(place), level }, Type::Place))
            }
            "size" => {
                let (expr, ty) = self.infer(&args[0])?;
                if !matches!(ty, Type::Text | Type::List(_) | Type::Rows(_)) {
                    let at = self.at(&args[0]);
                    return self.tell(wrong::no_size(at, &ty));
                }
                Some((Expr::Size(Box::new(expr)), Type::Int))
            }
            "date" => {
                let (expr, ty) = self.infer(&args[0])?;
                self.fits(&expr, &ty, &Type::Time, &args[0])
                    .then(|| (Expr::DateOf(Box::new(expr)), Type::Date))
            }
            "first" => {
                let (day, ty) = self.infer(&args[0])?;
                let fits = self.fits(&day, &ty, &Type::Date, &args[0]);
                let word = self.literal(&args[1])?;
                let Some(period) = Period::ALL.into_iter().find(|one| one.word() == word.text()) else {
                    let known = Period::ALL.map(Period::word);
                    return self.tell(unknown_name::fault("kind.period", word.text(), word.at, known));
                };
                fits.then(|| (Expr::First { day: Box::new(day), period }, Type::Date))
            }
            "held" => {
                let (expr, ty) = self.infer(&args[0])?;
                let list = Type::List(Box::new(Type::Text));
                let wanted = if ty == list { &list } else { &Type::Text };
                let found = Type::List(Box::new(Type::Entry(crate::dictionary::NAME.to_owned())));
                self.fits(&expr, &ty, wanted, &args[0]).then(|| (Expr::Held(Box::new(expr)), found))
            }
            "missing" => {
                let (expr, ty) = self.infer(&args[0])?;
                let list = Type::List(Box::new(Type::Text));
                self.fits(&expr, &ty, &list, &args[0]).then(|| (Expr::Missing(Box::new(expr)), list))
            }
            "join" => {
                let (of, ty) = self.infer(&args[0])?;
                let by = self.literal(&args[1])?.value;
                let fits = self.fits(&of, &ty, &Type::List(Box::new(Type::Text)), &args[0]);
                fits.then(|| (Expr::Join { of: Box::new(of), by }, Type::Text))
            }
            "span" => {
                let word = self.literal(&args[0])?;
                match crate::decode::read::span_of(word.text()) {
                    Some(span) => Some((Expr::Span(span), Type::Span)),
                    None => self.tell(crate::checks::wrong_value::expected("kind.span", word.at)),
                }
            }
            _ => self.named(name, &args[0]),
        }
    }

    fn has(&mut self, arg: &Tree) -> Typed {
        let Node::Name(name) = &arg.node else {
            let at = self.at(arg);
            return self.tell(wrong::field_wanted(at));
        };
        if self.inner.as_ref().and_then(|inner| inner.of(name)).is_some() {
            return Some((Expr::HasInner(name.clone()), Type::Bool));
        }
        let mechanism = self.scope.mechanism;
        if mechanism.field(name).is_none() {
            if !mechanism.incomplete {
                let at = self.at(arg);
                self.faults.add(unknown_name::fault("kind.field", name, at, mechanism.field_names()));
            }
            return None;
        }
        Some((Expr::Has(name.clone()), Type::Bool))
    }

    /// Whether a field came with the step: only there anybody gives one.
    fn given(&mut self, arg: &Tree) -> Typed {
        if self.scope.place != Use::Step {
            let at = self.at(arg);
            return self.tell(wrong::not_here(at, "given"));
        }
        match self.has(arg)?.0 {
            Expr::Has(name) => Some((Expr::Given(name), Type::Bool)),
            _ => {
                let at = self.at(arg);
                self.tell(wrong::field_wanted(at))
            }
        }
    }

    /// A text that stands literally, as names of steps do.
    fn literal(&mut self, arg: &Tree) -> Option<Word> {
        match &arg.node {
            Node::Text(text) => Some(Word::new(text.clone(), self.at(arg))),
            _ => {
                let at = self.at(arg);
                self.faults.add(wrong::literal_wanted(at));
                None
            }
        }
    }

    /// The functions over a name of this mechanism.
    fn named(&mut self, function: &str, arg: &Tree) -> Typed {
        let word = self.literal(arg)?;
        let mechanism = self.scope.mechanism;
        let world = self.scope.world;
        let name = word.value.clone();
        let (kind, known): (_, Vec<&str>) = match function {
            "taken" => ("kind.step", mechanism.step_names().collect()),
            "parts" | "open_parts" => {
                let is_part = |part: &&Mechanism| {
                    part.parent.as_ref().is_some_and(|parent| parent.value == mechanism.name.value)
                };
                let parts = world.documents.mechanisms.iter().filter(is_part);
                ("kind.part", parts.map(|part| part.name.text()).collect())
            }
            _ => ("kind.deadline", mechanism.deadline_names().collect()),
        };
        if !known.contains(&name.as_str()) {
            if !mechanism.incomplete {
                self.faults.add(unknown_name::fault(kind, &name, word.at, known));
            }
            return None;
        }
        Some(match function {
            "taken" => (Expr::Taken(name), Type::Int),
            "parts" => (Expr::Parts(name), Type::Int),
            "open_parts" => (Expr::OpenParts(name), Type::Int),
            "met" => (Expr::Met(name), Type::Bool),
            "late" => (Expr::Late(name), Type::Bool),
            _ => (Expr::Running(name), Type::Bool),
        })
    }

    fn binary(&mut self, op: Op, left: &Tree, right: &Tree, tree: &Tree) -> Typed {
        let (left_typed, right_typed) = (self.infer(left), self.infer(right));
        let ((a, a_type), (b, b_type)) = (left_typed?, right_typed?);
        let ty = match op {
            Op::And | Op::Or => {
                let fits =
                    self.fits(&a, &a_type, &Type::Bool, left) & self.fits(&b, &b_type, &Type::Bool, right);
                fits.then_some(Type::Bool)?
            }
            Op::Eq | Op::Ne => {
                // A literal is measured by the other side, on whichever side it stands.
                let fits = match (&a, &b) {
                    (Expr::Text(_), Expr::Text(_)) => true,
                    (Expr::Text(_), _) => self.fits(&a, &a_type, &b_type, left),
                    (_, Expr::Text(_)) => self.fits(&b, &b_type, &a_type, right),
                    _ if self.fits_quietly(&a, &a_type, &b_type) => true,
                    _ => self.fits(&b, &b_type, &a_type, right),
                };
                fits.then_some(())?;
                Type::Bool
            }
            Op::Lt | Op::Le | Op::Gt | Op::Ge => {
                let ordered =
                    matches!(a_type, Type::Int | Type::Date | Type::Month | Type::Time | Type::Span);
                if !ordered {
                    let at = self.at(left);
                    return self.tell(wrong::unordered(at, &a_type));
                }
                self.fits(&b, &b_type, &a_type, right).then_some(Type::Bool)?
            }
            Op::In => {
                let Type::List(item) = &b_type else {
                    let at = self.at(right);
                    return self.tell(wrong::list_wanted(at, &b_type));
                };
                // Literals in a written list are measured by what is looked for.
                let fits = match &b {
                    Expr::List(_) => self.fits(&b, &b_type, &Type::List(Box::new(a_type.clone())), right),
                    _ => self.fits(&a, &a_type, item, left),
                };
                fits.then_some(Type::Bool)?
            }
            Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Rem => match (op, &a_type, &b_type) {
                (_, Type::Int, Type::Int) => Type::Int,
                (Op::Add, Type::Text, Type::Text) => Type::Text,
                (Op::Add | Op::Sub, Type::Time, Type::Span) => Type::Time,
                (Op::Add | Op::Sub, Type::Date, Type::Span) => Type::Date,
                (Op::Add, Type::List(item), Type::List(_)) => {
                    let ty = Type::List(item.clone());
                    self.fits(&b, &b_type, &ty, right).then_some(ty)?
                }
                _ => {
                    let at = self.at(tree);
                    return self.tell(wrong::operands(at, &a_type, &b_type));
                }
            },
        };
        Some((Expr::Binary { op, left: Box::new(a), right: Box::new(b) }, ty))
    }

    /// Whether a value may stand where the wanted type is, without telling.
    fn fits_quietly(&self, expr: &Expr, found: &Type, wanted: &Type) -> bool {
        let entry_exists = |catalogue: &str, code: &str| {
            self.scope
                .world
                .catalogues
                .get(catalogue)
                .is_none_or(|catalogue| catalogue.entries.contains_key(code))
        };
        match (expr, found, wanted) {
            (Expr::Text(text), _, Type::Choice(options)) => options.contains(text),
            (Expr::Text(code), _, Type::Entry(catalogue)) => entry_exists(catalogue, code),
            (Expr::Text(_), _, Type::Text) => true,
            (Expr::List(items), Type::List(item), Type::List(wanted)) => {
                items.iter().all(|expr| self.fits_quietly(expr, item, wanted))
            }
            (Expr::If { then, otherwise, .. }, ..) => {
                self.fits_quietly(then, found, wanted) && self.fits_quietly(otherwise, found, wanted)
            }
            (_, Type::Choice(some), Type::Choice(all)) => some.iter().all(|option| all.contains(option)),
            (_, Type::Choice(_), Type::Text) => true,
            _ => found == wanted,
        }
    }

    /// Whether a value may stand where the wanted type is; tells if not.
    fn fits(&mut self, expr: &Expr, found: &Type, wanted: &Type, tree: &Tree) -> bool {
        if self.fits_quietly(expr, found, wanted) {
            return true;
        }
        match (expr, &tree.node, wanted) {
            (Expr::List(exprs), Node::List(trees), Type::List(item)) => {
                for (expr, tree) in exprs.iter().zip(trees) {
                    let found = if let Type::List(found) = found { found } else { found };
                    self.fits(expr, found, item, tree);
                }
            }
            // What an unreadable block declares may be among the options.
            (Expr::Text(_), _, Type::Choice(_))
                if self.scope.mechanism.incomplete || self.scope.world.documents.incomplete => {}
            (Expr::Text(text), _, Type::Choice(options)) => {
                let at = self.at(tree);
                let known = options.iter().map(String::as_str);
                self.faults.add(unknown_name::fault("kind.option", text, at, known));
            }
            (Expr::Text(text), _, Type::Entry(catalogue)) => {
                let at = self.at(tree);
                let entries = self.scope.world.catalogues.get(catalogue);
                let known = entries.iter().flat_map(|entries| entries.entries.keys().map(String::as_str));
                self.faults.add(unknown_name::fault("kind.entry", text, at, known));
            }
            _ => {
                let at = self.at(tree);
                self.faults.add(wrong::mismatch(at, wanted, found));
            }
        }
        false
    }
}
