//! Looking at personal fields, stating why; and who has looked.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use gongzhi_kernel::Refusal;
use gongzhi_service::Failure;

use super::page::{look_form, shown};
use super::show::{Gaze, desk_base};
use crate::app::App;
use crate::pages::erase::looks;
use crate::pages::posted::Posted;
use crate::pages::problem::{Answer, Trouble, ok, page as render, tell};
use crate::pages::visitor::{Me, Visitor};
use crate::pages::words::fault_words;
use crate::view::{Link, LooksPage};

/// `POST /desk/r/{id}/look`: the fields are open in this one answer, and covered again afterwards.
pub async fn submit(
    Path(id): Path<String>,
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
    posted: Posted,
) -> Answer {
    let view = super::read(&app, &visitor, &me, &id).await?;
    let purpose = posted.text("purpose").trim().to_owned();
    let record = view.record.id;
    let fields = view.may_look.clone();
    let looked = app.service.look(posted.command_id(&app), me.actor(), record, fields, purpose.clone()).await;
    match looked {
        Ok((_, open)) => {
            let view = super::read(&app, &visitor, &me, &id).await?;
            Ok(ok(&shown(&app, &visitor, &me, &view, &open, None)))
        }
        Err(failure) => {
            let s = visitor.desk_shell(&app, &me, "");
            let (status, words) = match &failure {
                Failure::Refused(Refusal::Fields(faults)) => {
                    let fault = faults.first().map(|fault| fault_words(visitor.lang, &fault.fault));
                    (StatusCode::UNPROCESSABLE_ENTITY, fault.unwrap_or_default())
                }
                failure => {
                    let told = tell(&app, &s, failure);
                    (told.status, told.words)
                }
            };
            let form = look_form(&app, &visitor, &desk_base(record), &purpose, Some(words));
            Ok(render(status, &shown(&app, &visitor, &me, &view, &[], Some(form))))
        }
    }
}

/// `GET /desk/r/{id}/looks`
pub async fn list(Path(id): Path<String>, State(app): State<App>, visitor: Visitor, me: Me) -> Answer {
    let view = super::read(&app, &visitor, &me, &id).await?;
    let state = app.service.state();
    let lang = visitor.lang;
    let base = desk_base(view.record.id);
    let now = app.service.now();
    let gaze = Gaze { lang, state: &state, mechanism: &view.mechanism, now, base: base.clone(), staff: true };
    let looks = looks(&gaze, &view, &base, true);
    if view.may_look.is_empty() && looks.is_empty() && !has_personal(&view) {
        return Err(Trouble::at_desk(&app, &visitor, &me, &Failure::NotFound));
    }
    Ok(ok(&LooksPage {
        s: visitor.desk_shell(&app, &me, visitor.t("looks-title")),
        record: Some(Link::new(view.record.number.clone(), base)),
        looks,
        ..LooksPage::default()
    }))
}

/// Whether records of its kind hold personal values at all.
pub fn has_personal(view: &gongzhi_service::desk::RecordView) -> bool {
    view.mechanism.fields.iter().any(|field| field.personal.is_some())
}
