//! Checking a receipt: the page brings the log's keys along, the reader's own device does the rest.

use axum::extract::State;

use super::problem::{Answer, Trouble, ok};
use super::visitor::{Me, Visitor};
use crate::app::App;
use crate::view::VerifyPage;

/// `GET /verify`
pub async fn page(State(app): State<App>, visitor: Visitor, me: Option<Me>) -> Answer {
    let signed = app.read(gongzhi_service::Service::checkpoint).await;
    let signed = signed.map_err(|failure| Trouble::failure(&app, &visitor, &failure))?;
    let keys: Vec<String> = signed.keys.iter().map(ToString::to_string).collect();
    Ok(ok(&VerifyPage {
        s: visitor.shell_for(&app, me.as_ref(), visitor.t("verify-title")),
        keys: keys.join("\n"),
        url: app.public_url.to_string(),
    }))
}
