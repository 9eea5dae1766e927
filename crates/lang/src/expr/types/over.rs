//! What goes over rows and parts, and the record above.

use super::{Typed, Typing, Use};
use crate::ast::Mechanism;
use crate::checks::{expression_types as wrong, personal_read, unknown_name};
use crate::expr::parse::{Node, Tree};
use crate::expr::{Expr, Over};
use crate::model::Type;

/// What a condition of `count` or a number of `sum` may read of each row or part.
#[derive(Clone)]
pub(super) enum Inner<'s> {
    Row(Vec<(String, Type)>),
    Part(&'s Mechanism),
}

impl Inner<'_> {
    /// The type of a name; `None` if it has none of that name.
    pub(super) fn of(&self, name: &str) -> Option<Type> {
        match self {
            Inner::Row(columns) => {
                columns.iter().find(|(column, _)| column == name).map(|(_, ty)| ty.clone())
            }
            Inner::Part(part) if name == "state" => {
                Some(Type::Choice(part.state_names().map(str::to_owned).collect()))
            }
            Inner::Part(part) => {
                part.field(name).filter(|field| field.personal.is_none())?.type_of().cloned()
            }
        }
    }
}

impl<'s> Typing<'s, '_> {
    /// `count(over, condition)`, `sum(over, number)` and `values(over, value)`, over the rows of a table or
    /// the parts of a mechanism; `sum(list)` of a list of numbers.
    pub(super) fn over(&mut self, function: &str, args: &[Tree], tree: &Tree) -> Typed {
        let at = self.at(tree);
        if self.inner.is_some() {
            return self.tell(wrong::not_here(at, function));
        }
        if let ("sum", [list]) = (function, args) {
            let (expr, ty) = self.infer(list)?;
            let numbers = Type::List(Box::new(Type::Int));
            return self.fits(&expr, &ty, &numbers, list).then(|| (Expr::Sum(Box::new(expr)), Type::Int));
        }
        let [of, number] = args else {
            return self.tell(wrong::arguments(at, function, 2, args.len()));
        };
        let (over, inner) = match &of.node {
            Node::Text(_) => {
                let part = self.part(of)?;
                (Over::Parts(part.name.value.clone()), Inner::Part(part))
            }
            _ => {
                let (expr, ty) = self.infer(of)?;
                let Type::Rows(columns) = ty else {
                    let at = self.at(of);
                    return self.tell(wrong::rows_wanted(at, &ty));
                };
                (Over::Rows(Box::new(expr)), Inner::Row(columns))
            }
        };
        let wanted = if function == "count" { Type::Bool } else { Type::Int };
        self.inner = Some(inner);
        let typed = self.infer(number);
        if function == "values" {
            self.inner = None;
            let (value, ty) = typed?;
            if matches!(ty, Type::List(_) | Type::Rows(_)) {
                let at = self.at(number);
                return self.tell(wrong::not_here(at, "values"));
            }
            return Some((Expr::ListOver { over, value: Box::new(value) }, Type::List(Box::new(ty))));
        }
        let fits = typed.as_ref().is_some_and(|(expr, ty)| self.fits(expr, ty, &wanted, number));
        self.inner = None;
        let each = Box::new(typed.filter(|_| fits)?.0);
        let expr = match function {
            "count" => Expr::CountOver { over, when: each },
            _ => Expr::SumOver { over, number: each },
        };
        Some((expr, Type::Int))
    }

    /// The mechanism of parts that a literal names.
    fn part(&mut self, arg: &Tree) -> Option<&'s Mechanism> {
        let word = self.literal(arg)?;
        let mechanism = self.scope.mechanism;
        let all = &self.scope.world.documents.mechanisms;
        let mut parts = all
            .iter()
            .filter(|part| part.parent.as_ref().is_some_and(|parent| parent.value == mechanism.name.value));
        let found = parts.clone().find(|part| part.name.value == word.value);
        if found.is_none() && !mechanism.incomplete {
            let known: Vec<&str> = parts.by_ref().map(|part| part.name.text()).collect();
            self.faults.add(unknown_name::fault("kind.part", word.text(), word.at, known));
        }
        found
    }

    /// A field of the record above, which is at hand when a step is taken and nowhere else.
    pub(super) fn parent(&mut self, parent: &str, name: &str, tree: &Tree) -> Typed {
        let at = self.at(tree);
        if !matches!(self.scope.place, Use::Step | Use::Limit) {
            return self.tell(wrong::not_here(at, "parent"));
        }
        let parent = self.scope.world.mechanism(parent)?;
        if name == "state" {
            let states = parent.state_names().map(str::to_owned).collect();
            return Some((Expr::Parent(name.to_owned()), Type::Choice(states)));
        }
        let Some(field) = parent.field(name) else {
            if !parent.incomplete {
                let known = parent.field_names().chain(["state"]);
                self.faults.add(unknown_name::fault("kind.field", name, at, known));
            }
            return None;
        };
        if field.personal.is_some() {
            return self.tell(personal_read::fault(at, name));
        }
        Some((Expr::Parent(name.to_owned()), field.type_of()?.clone()))
    }
}
