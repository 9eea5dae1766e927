//! Server-sent events: how many records came into the person's inbox since the page was opened.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::{Stream, StreamExt as _};

use crate::app::App;
use crate::pages::visitor::Me;

/// `GET /desk/live`
pub async fn events(State(app): State<App>, me: Me) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let keys = app.service.inbox_keys(&me.actor());
    let changes = BroadcastStream::new(app.service.engine().changes.subscribe());
    let mine = changes.filter_map(move |group| {
        // A reader that fell behind is told that something changed, not what.
        let n = match &group {
            Ok(group) => {
                group.iter().filter(|change| change.todo.iter().any(|key| keys.contains(key))).count()
            }
            Err(_) => 1,
        };
        (n > 0).then(|| Ok(Event::default().event("changed").data(format!("{{\"n\":{n}}}"))))
    });
    Sse::new(mine).keep_alive(KeepAlive::new().interval(Duration::from_secs(25)))
}
