//! Fields take over what their element says; their own words, help and limits stand before it.

use crate::ast::{Documents, Field};
use crate::checks::{missing_key, missing_words};
use crate::diagnostic::Faults;
use crate::source::At;

/// Fills every field from its element, then tells what is still missing.
pub fn inherit(documents: &mut Documents, faults: &mut Faults) {
    let Documents { elements, mechanisms, incomplete, .. } = documents;
    for element in elements.iter() {
        complete(element, faults);
    }
    for field in mechanisms.iter_mut().flat_map(|mechanism| &mut mechanism.fields) {
        let Some(name) = &field.element else {
            complete(field, faults);
            continue;
        };
        match elements.iter().find(|element| element.name.value == name.value) {
            Some(element) => take_over(field, element),
            // The unknown element is told elsewhere; what it would have given is not missing too.
            None => field.broken = true,
        }
        if !*incomplete {
            complete(field, faults);
        }
    }
}

fn take_over(field: &mut Field, element: &Field) {
    // Both words or none: a Chinese name of the field beside the English one of the element would differ.
    if field.zh.is_none() && field.en.is_none() {
        field.zh = element.zh.clone();
        field.en = element.en.clone();
    }
    field.help = field.help.take().or_else(|| element.help.clone());
    field.also = field.also.take().or_else(|| element.also.clone());
    field.ty = field.ty.take().or_else(|| element.ty.clone());
    field.min = field.min.take().or_else(|| element.min.clone());
    field.max = field.max.take().or_else(|| element.max.clone());
    field.lines = field.lines.or(element.lines);
    field.options = field.options.take().or_else(|| element.options.clone());
    field.levels = field.levels.take().or_else(|| element.levels.clone());
    field.kinds = field.kinds.take().or_else(|| element.kinds.clone());
    field.public = field.public.or(element.public);
    field.personal = field.personal.take().or_else(|| element.personal.clone());
    field.mask = field.mask.or(element.mask);
    field.columns = field.columns.take().or_else(|| element.columns.clone());
    field.each = field.each.take().or_else(|| element.each.clone());
    field.usual = field.usual.take().or_else(|| element.usual.clone());
    field.under = field.under.take().or_else(|| element.under.clone());
    field.within = field.within.take().or_else(|| element.within.clone());
    field.broken |= element.broken;
}

fn complete(field: &Field, faults: &mut Faults) {
    for column in field.columns.iter().flatten() {
        complete(&column.field, faults);
    }
    // A type that could not be read has been told.
    if field.ty.is_none() && !field.broken {
        faults.add(missing_key::fault("type", field.name.at));
    }
    if field.element.is_none() || !field.broken {
        let at: At = field.name.at;
        missing_words::check(
            field.zh.as_deref().unwrap_or(""),
            field.en.as_deref().unwrap_or(""),
            at,
            faults,
        );
    }
}
