//! What all handlers share, and the router that puts the parts together.

use std::sync::Arc;

use axum::Router;
use gongzhi_service::{Failure, Service};

/// Shared by all handlers; cheap to clone.
#[derive(Clone)]
pub struct App {
    pub service: Arc<Service>,
    /// Renders the numbers for `/metrics`.
    pub metrics: metrics_exporter_prometheus::PrometheusHandle,
    /// The address under which residents reach the product (for QR codes), without a slash at the end.
    pub public_url: Arc<str>,
    /// Whether cookies may only travel over TLS (behind a TLS proxy): `__Host-` cookies.
    pub secure: bool,
}

impl App {
    /// Runs a reading use case off the asynchronous threads, so that a slow disk stalls nobody else.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Service) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let service = self.service.clone();
        match tokio::task::spawn_blocking(move || read(&service)).await {
            Ok(result) => result,
            Err(error) => {
                tracing::error!(%error, "a read did not end");
                Err(Failure::Busy)
            }
        }
    }
}

/// All routes.
pub fn router(app: App) -> Router {
    let router = Router::new()
        .merge(crate::pages::routes())
        .merge(crate::log::routes())
        .merge(crate::ops::routes())
        .nest("/api/v1", crate::api::routes());
    crate::pages::layers(router, &app).with_state(app)
}
