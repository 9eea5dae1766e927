//! `POST /sign-in` and `POST /sign-out`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use gongzhi_kernel::Post;
use gongzhi_service::accounts::SignInFault;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::input::Body;
use super::problem::{Problem, SIGN_IN, SignInProblems, StaffProblems, TOKEN, TOO_MANY};
use super::shape::Time;
use crate::app::App;

/// What signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    #[schema(example = "window")]
    pub login: String,
    #[schema(format = Password)]
    pub password: String,
}

/// Somebody signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    /// Send it as `Authorization: Bearer …`.
    pub token: String,
    pub expires: Time,
    /// Code of the person.
    pub person: String,
    pub name: String,
    /// The posts from which the person's rights come.
    pub posts: Vec<PostShape>,
}

/// A post: a role over a place, perhaps in a unit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Post)]
pub struct PostShape {
    #[schema(example = "officer")]
    pub role: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    pub place: String,
}

impl From<&Post> for PostShape {
    fn from(post: &Post) -> PostShape {
        PostShape { role: post.role.clone(), unit: post.unit.clone(), place: post.place.clone() }
    }
}

/// Sign in.
///
/// Which of login and password is wrong is not said. Attempts are counted by address and by login.
#[utoipa::path(
    post, path = "/sign-in", tag = "session", request_body = SignIn,
    responses((status = 200, description = "Signed in", body = Session), SignInProblems),
    security(())
)]
pub async fn sign_in(
    State(app): State<App>,
    caller: Caller,
    Body(request): Body<SignIn>,
) -> Result<Json<Session>, Problem> {
    let from = caller.from();
    let signed = app.read(move |service| {
        let signed = match service.sign_in(&request.login, &request.password, &from) {
            Ok(signed) => signed,
            Err(fault) => return Ok(Err(fault)),
        };
        Ok(Ok((service.staff(&signed.token)?, signed)))
    });
    let signed = signed.await.map_err(|failure| caller.failure(&failure, &app))?;
    let (staff, signed) = signed.map_err(|fault| match fault {
        SignInFault::Wrong => caller.problem(&SIGN_IN),
        SignInFault::TooMany => caller.problem(&TOO_MANY),
        SignInFault::Failure(failure) => caller.failure(&failure, &app),
    })?;
    // The account is there, but the person has left.
    let staff = staff.ok_or_else(|| caller.problem(&SIGN_IN))?;
    Ok(Json(Session {
        token: signed.token,
        expires: Time(signed.expires),
        person: staff.code,
        name: staff.name,
        posts: staff.actor.posts().iter().map(PostShape::from).collect(),
    }))
}

/// Sign out: the token is worth nothing from now on.
#[utoipa::path(
    post, path = "/sign-out", tag = "session",
    responses((status = 204, description = "Signed out"), StaffProblems),
    security(("session" = []))
)]
pub async fn sign_out(State(app): State<App>, caller: Caller) -> Result<StatusCode, Problem> {
    let token = caller.token().map(str::to_owned).ok_or_else(|| caller.problem(&TOKEN))?;
    caller.actor(&app).await?;
    caller.read_open(&app, move |service| service.sign_out(&token)).await?;
    Ok(StatusCode::NO_CONTENT)
}
