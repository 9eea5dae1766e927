//! One step's form: built, read, sent, and shown again with everything typed when it failed.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use gongzhi_base::RecordId;
use gongzhi_kernel::{FieldFault, Refusal, input as kernel};
use gongzhi_service::Failure;

use super::fields::{self, Shape};
use super::input::{self, Read};
use super::posted::Posted;
use super::problem;
use super::words::{RefusalText, failure_words, refusal_words_in, say};
use crate::app::App;
use crate::view::{FieldGroup, Form, Hidden};

/// What is told about a form that was not carried out.
#[derive(Default)]
pub struct Failed {
    pub faults: BTreeMap<String, String>,
    pub told: Option<RefusalText>,
}

impl Failed {
    /// The status of the page that shows the form again.
    pub fn status(&self) -> StatusCode {
        match &self.told {
            Some(told) => told.status,
            None if self.faults.is_empty() => StatusCode::OK,
            None => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }
}

/// A form of a step as it stands now. `seen` is the revision that the person sees.
pub fn form(
    app: &App,
    shape: &Shape<'_>,
    action: String,
    seen: Option<u64>,
    posted: Option<&Posted>,
    read: Option<&Read>,
    failed: &Failed,
) -> Form {
    let reused = failed.told.as_ref().is_some_and(|told| told.status == StatusCode::CONFLICT);
    let command = posted.map(|posted| posted.text("command_id")).filter(|id| !id.is_empty() && !reused);
    let command = command.map_or_else(|| app.service.new_command_id().as_str().to_owned(), str::to_owned);
    let mut hidden = vec![Hidden { name: "command_id".to_owned(), value: command }];
    hidden.extend(seen.map(|seen| Hidden { name: "seen".to_owned(), value: seen.to_string() }));
    let fields = fields::fields(shape, posted, read, &failed.faults);
    // What is needed comes first, and personal questions stand together under their own heading.
    let (personal, plain): (Vec<_>, Vec<_>) = fields.into_iter().partition(|field| field.purpose.is_some());
    let mut groups = vec![FieldGroup { fields: plain, ..FieldGroup::default() }];
    if !personal.is_empty() {
        let title = crate::i18n::t(shape.lang, "form-contact").into_owned();
        groups.push(FieldGroup { title, fields: personal, ..FieldGroup::default() });
    }
    let multipart = groups.iter().flat_map(|group| &group.fields).any(crate::view::Field::has_files);
    Form {
        id: format!("form-{}", shape.step.name),
        action,
        multipart,
        hidden,
        groups,
        problems: failed.told.clone().map(problem::problem).into_iter().collect(),
        submit: say(shape.lang, &shape.step.words),
        ..Form::default()
    }
}

/// Reads a form against the step; all faults at once, before anything is sent.
pub fn check(app: &App, shape: &Shape<'_>, posted: &Posted) -> (Read, Failed) {
    let read = input::read(app, shape.lang, shape.mechanism, shape.step, posted);
    let known = shape.record.map(|record| record.fields.clone()).unwrap_or_default();
    let (id, world) = (RecordId([0; 16]), &shape.state.world);
    let today = world.zone.date(shape.now);
    let found = kernel::read(shape.mechanism, shape.step, &read.input, id, &known, world, today);
    let found: Vec<FieldFault> = found.err().unwrap_or_default();
    let faults = fields::faults(shape, &found, Some(&read));
    (read, Failed { faults, told: None })
}

/// What a failure says about the form that was sent.
pub fn failed(app: &App, shape: &Shape<'_>, read: &Read, failure: &Failure) -> Failed {
    match failure {
        Failure::Refused(Refusal::Fields(found)) => {
            Failed { faults: fields::faults(shape, found, Some(read)), told: None }
        }
        Failure::Refused(refusal) => {
            let told = refusal_words_in(shape.lang, refusal, &app.service.state());
            Failed { told: Some(told), ..Failed::default() }
        }
        failure => Failed { told: Some(failure_words(shape.lang, failure)), ..Failed::default() },
    }
}
