//! A field of the wrong type · 字段类型不对
//!
//! # What it does
//! Checks the fields that play a part: a title must be text or name something, a place a place, a unit
//! a unit, a kind an entry; duplicates compare a text and a point; an indicator is placed in time by a
//! date or time; a register's `code` is text; the persons of a field with `in` hold posts in the unit that
//! another field names; a notice tells no file, point, record or truth value; a view
//! divides by what has few values and rests on dates.
//!
//! # Why is this bad
//! The page, the map or the figure that rests on the field would stay empty.
//!
//! # Example
//! ```yaml
//! unit: handler
//! fields:
//!   handler: { type: text, zh: 承办单位, en: Unit in charge }
//! ```
//!
//! # Fix
//! ```yaml
//! unit: handler
//! fields:
//!   handler: { type: unit, zh: 承办单位, en: Unit in charge }
//! ```
//!
//! # 作用
//! 检查担任角色的字段：标题应为文字或名称，地点应为地点，单位应为单位，类别应为目录条目；查重比对的是文字和坐标；指标的时间应为日期或时间；台账的 `code` 应为文字；写了 `in` 的字段选的是人员，`in` 写的字段应为单位；通知里不能引用附件、坐标、事项、是否；视图按取值少的字段划分，按日期排开。
//!
//! # 为什么不好
//! 依赖这个字段的页面、地图或数字会是空的。

use crate::ast::Mechanism;
use crate::checks::{Check, unknown_name};
use crate::diagnostic::{Fault, Faults, Severity};
use crate::model::Type;
use crate::source::Word;
use crate::view;
use crate::world::World;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ102",
    name: "wrong-field",
    severity: Severity::Error,
    page: include_str!("wrong_field.rs"),
};

/// Fields in roles that their type does not fit.
pub fn check(world: &World<'_>, faults: &mut Faults) {
    for mechanism in &world.documents.mechanisms {
        let mut each = |word: Option<&Word>, role, fits: fn(&Type) -> bool, wanted| {
            let Some(word) = word else { return };
            let Some(field) = mechanism.field(word.text()) else { return };
            if field.type_of().is_some_and(|ty| !fits(ty)) {
                faults.add(Fault::new(&CHECK, "", word.at).with(word.text()).with(role).with_key(wanted));
            }
        };
        let is_name =
            |ty: &Type| matches!(ty, Type::Text | Type::Entry(_) | Type::Place | Type::Unit | Type::Person);
        each(mechanism.title.as_ref(), "title", is_name, "type.text");
        each(mechanism.place.as_ref(), "place", |ty| *ty == Type::Place, "type.place");
        each(mechanism.unit.as_ref(), "unit", |ty| *ty == Type::Unit, "type.unit");
        each(mechanism.kind.as_ref(), "kind", |ty| matches!(ty, Type::Entry(_)), "type.entry");
        if let Some(duplicates) = &mechanism.duplicates {
            each(Some(&duplicates.words), "duplicates.words", |ty| *ty == Type::Text, "type.text");
            each(duplicates.point.as_ref(), "duplicates.point", |ty| *ty == Type::Point, "type.point");
        }
        for indicator in &mechanism.indicators {
            each(
                indicator.at.as_ref(),
                "at",
                |ty| matches!(ty, Type::Date | Type::Month | Type::Time),
                "type.time",
            );
        }
        for view in &mechanism.views {
            for word in view.times() {
                each(Some(word), view.name.text(), view::dated, "type.time");
            }
            for word in view.axes().into_iter().chain(&view.filters) {
                each(Some(word), view.name.text(), view::divides, "type.divides");
            }
            for word in &view.marks {
                each(Some(word), view.name.text(), |ty| *ty == Type::Bool, "type.bool");
            }
        }
        let code = mechanism.field("code").filter(|_| mechanism.register.is_some());
        each(code.map(|field| &field.name), "code", |ty| *ty == Type::Text, "type.text");
        for field in &mechanism.fields {
            each(field.within.as_ref(), "in", |ty| *ty == Type::Unit, "type.unit");
        }
        people(mechanism, faults);
        dimensions(mechanism, faults);
        places(mechanism, faults);
        for word in mechanism.notices.iter().flat_map(|notice| notice.fields()) {
            let field = mechanism.field(word.text()).and_then(|field| field.type_of());
            if field.is_some_and(|ty| !crate::notice::tellable(ty)) {
                faults.add(Fault::new(&CHECK, "notice", word.at).with(word.text()));
            }
        }
    }
}

/// Only persons hold posts in a unit, and the unit must be named by a field.
fn people(mechanism: &Mechanism, faults: &mut Faults) {
    for field in &mechanism.fields {
        let Some(within) = &field.within else { continue };
        let person = match field.type_of() {
            Some(Type::List(item)) => **item == Type::Person,
            Some(ty) => *ty == Type::Person,
            None => true,
        };
        if !person {
            faults.add(Fault::new(&CHECK, "in", within.at).with(field.name.text()));
        }
        if mechanism.field(within.text()).is_none() && !mechanism.incomplete {
            let names = mechanism.field_names();
            faults.add(unknown_name::fault("kind.field", within.text(), within.at, names));
        }
    }
}

/// A view on the page of a place, or on the map, needs records that lie somewhere of their own.
fn places(mechanism: &Mechanism, faults: &mut Faults) {
    let somewhere = mechanism.place.is_some() || mechanism.parent.is_some() || mechanism.incomplete;
    for view in mechanism.views.iter().filter(|_| !somewhere) {
        if let Some(word) = &view.on_place {
            faults.add(Fault::new(&CHECK, "placed", word.at).with(view.name.text()));
        }
    }
    let placed = somewhere || mechanism.fields.iter().any(|field| field.type_of() == Some(&Type::Point));
    for view in mechanism.views.iter().filter(|_| !placed) {
        if matches!(view.shape, Some(view::WrittenShape::Map)) {
            faults.add(Fault::new(&CHECK, "placed", view.name.at).with(view.name.text()));
        }
    }
}

/// An indicator by unit or kind needs the mechanism to say which field that is.
fn dimensions(mechanism: &Mechanism, faults: &mut Faults) {
    for word in mechanism.indicators.iter().flat_map(|indicator| &indicator.by) {
        let given = match word.text() {
            "place" => mechanism.place.is_some() || mechanism.parent.is_some(),
            "unit" => mechanism.unit.is_some(),
            "kind" => mechanism.kind.is_some(),
            "parent" => mechanism.parent.is_some(),
            _ => true,
        };
        if !given && !mechanism.incomplete {
            faults.add(Fault::new(&CHECK, "dimension", word.at).with(word.text()));
        }
    }
}
