//! What all handlers share, and the router that puts the parts together.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use gongzhi_service::engine::patience;
use gongzhi_service::{Failure, Service};
use gongzhi_store::StoreError;

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
        self.read_within(patience(self.service.ledger()), read).await
    }

    /// The same; whoever has waited so long is told to come again.
    pub async fn read_within<T: Send + 'static>(
        &self,
        patience: Duration,
        read: impl FnOnce(&Service) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let service = self.service.clone();
        let reading = self.service.readers.run(move || read(&service));
        match tokio::time::timeout(patience, reading).await {
            Ok(Ok(result)) => result,
            Err(_) => {
                tracing::error!("the database did not answer in time");
                Err(Failure::Store(StoreError::Away("it did not answer in time".to_owned())))
            }
            Ok(Err(error)) => {
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
