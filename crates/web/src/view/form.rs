//! Forms: groups of fields, the summary of faults, the buttons.

use askama::Template;
use serde::Deserialize;

use super::{Field, FieldKind, Link, Shell};

/// A form that posts to one address.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Form {
    /// Id of the form, unique on its page.
    pub id: String,
    /// Address it posts to.
    pub action: String,
    /// Whether it carries files.
    pub multipart: bool,
    /// Values posted along: command id, expected version, step.
    pub hidden: Vec<Hidden>,
    /// The fields, in groups with headings.
    pub groups: Vec<FieldGroup>,
    /// What is wrong with the form as a whole (a refusal, a stale page). Faults of fields stand at the fields.
    pub problems: Vec<Problem>,
    /// Label of the button; empty takes the standard one.
    pub submit: String,
    /// Whether the button undoes or ends something.
    pub grave: bool,
    /// Way out without sending.
    pub cancel: Option<Link>,
    /// A sentence beside the button, such as what happens next.
    pub note: String,
    /// Key under which the `draft` island keeps typed text in this browser; empty for never.
    pub draft_key: String,
}

/// A value that travels with the form.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hidden {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// Something wrong with the whole form, and the rule that says so.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Problem {
    /// What is wrong and what to do.
    pub text: String,
    /// The clause or the page that helps.
    pub link: Option<Link>,
    /// The record that stands in the way.
    pub other: Option<Link>,
}

/// Fields under a heading.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FieldGroup {
    /// The heading; empty for none.
    pub title: String,
    /// A sentence under it; empty for none.
    pub help: String,
    /// The fields.
    pub fields: Vec<Field>,
}

impl Form {
    /// Every field that has a fault, in order.
    pub fn faults(&self) -> Vec<(&str, &Field)> {
        self.groups.iter().flat_map(|group| &group.fields).flat_map(Field::faults).collect()
    }

    /// Whether anything is wrong.
    pub fn failed(&self) -> bool {
        !self.problems.is_empty() || !self.faults().is_empty()
    }

    /// Whether the page still holds what was filled in. A chosen file goes with the page that was left.
    pub fn keeps(&self) -> bool {
        let mut fields = self.groups.iter().flat_map(|group| &group.fields);
        fields.any(|field| !matches!(field.kind, FieldKind::Files(_)))
    }

    /// Names of the islands that the form asks for.
    pub fn islands(&self) -> &'static str {
        if self.draft_key.is_empty() { "once" } else { "draft once" }
    }
}

/// Prints a whole form.
#[derive(Debug, Template)]
#[template(path = "part/form.html")]
pub struct FormTemplate<'a> {
    /// The frame, for language and token.
    pub s: &'a Shell,
    /// The form.
    pub form: &'a Form,
}

/// Prints a form that is one button.
#[derive(Debug, Template)]
#[template(path = "part/press.html")]
pub struct PressTemplate<'a> {
    /// The frame, for language and token.
    pub s: &'a Shell,
    /// The form; its fields are not shown.
    pub form: &'a Form,
}
