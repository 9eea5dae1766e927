//! `gongzhi serve`: a county over HTTP.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gongzhi_service::ambient::{Ambient, Machine};
use gongzhi_service::outbox::send;
use gongzhi_service::{Service, timers};
use gongzhi_store::StoreError;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::sync::Notify;

use super::Fault;

/// Readers at the same time at most. Most of them wait for lists to be written and hold no connection meanwhile: of
/// those there are fewer. With as few threads as connections, whoever only signs in would wait behind them.
const READING: usize = 24;

/// Arguments of `gongzhi serve`.
#[derive(clap::Args)]
pub struct Serve {
    #[command(flatten)]
    data: super::open::Held,
    #[command(flatten)]
    http: Http,
}

/// How to serve.
#[derive(clap::Args, Clone)]
pub struct Http {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// Port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 8700)]
    port: u16,
    /// The address under which residents reach the product, for links and QR codes.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
}

/// Runs it.
pub fn run(args: &Serve) -> Result<(), Fault> {
    serve(&args.data, Arc::new(Machine), &args.http)
}

/// Serves until it is told to stop, then ends in order.
pub fn serve(data: &super::open::Held, ambient: Arc<dyn Ambient>, http: &Http) -> Result<(), Fault> {
    let dir = data.store().dir()?;
    // Before anything is read: who changes the county must not do so between.
    let _serving = data.serving()?;
    let service = data.service(ambient)?;
    super::seen::check(service.ledger(), dir)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(READING).build()?;
    let service = Arc::new(service);
    timers::run(&service);
    gongzhi_service::import::run::keep_up(&service);
    super::seen::keep(&service, dir);
    let metrics = recorder().map_err(|error| Fault::new(error.to_string()))?;
    let ended = runtime.block_on(async {
        let listener =
            tokio::net::TcpListener::bind((http.host.as_str(), http.port)).await.map_err(|error| {
                let at = format!("{}:{}", http.host, http.port);
                Fault::told("serve-address", [("at", at), ("why", error.to_string())])
            })?;
        let address = listener.local_addr()?;
        let url = format!("http://{address}");
        let public_url = http.public_url.clone().unwrap_or_else(|| url.clone());
        let numbers = metrics.clone();
        let app = gongzhi_web::App {
            service: service.clone(),
            metrics,
            secure: public_url.starts_with("https://"),
            public_url: public_url.trim_end_matches('/').into(),
        };
        let app_url = app.public_url.clone();
        let router = gongzhi_web::router(app).into_make_service_with_connect_info::<SocketAddr>();
        send::run(&service, app_url);
        println!("ready {url}");
        std::io::stdout().flush()?;
        let upkeep = upkeep(numbers);
        let cut_off = cut_off(service.clone());
        let stopping = Arc::new(Notify::new());
        let told = stopping.clone();
        let signal = async move {
            stop().await;
            told.notify_one();
        };
        // Live pages keep their connection for hours: whoever still has one is cut off after a while.
        let patience = async {
            stopping.notified().await;
            tokio::time::sleep(PATIENCE).await;
        };
        tokio::select! {
            served = axum::serve(listener, router).with_graceful_shutdown(signal) => served?,
            () = patience => {}
            () = upkeep => {}
            error = cut_off => return Err(error.into()),
        }
        Ok(())
    });
    if ended.is_ok() {
        super::seen::last(&service, dir);
    }
    ended
}

/// How long requests under way may take to end after the word to stop.
const PATIENCE: Duration = Duration::from_secs(5);

/// Numbers for `/metrics`, with buckets that fit what they count.
fn recorder() -> Result<PrometheusHandle, BuildError> {
    let seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
    let commands = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 256.0];
    PrometheusBuilder::new()
        .set_buckets(&seconds)?
        .set_buckets_for_metric(Matcher::Full("gongzhi_group_commands".into()), &commands)?
        .install_recorder()
}

/// Folds single measurements into their buckets every few seconds: left alone they would pile up.
async fn upkeep(numbers: PrometheusHandle) {
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        numbers.run_upkeep();
    }
}

/// Ends once the database lets this server in no more: it answers nothing from then on, and whoever watches over it
/// starts it again.
async fn cut_off(service: Arc<Service>) -> StoreError {
    if !service.ledger().shared() {
        // Nobody else changes the keys of a directory that a server holds.
        return std::future::pending().await;
    }
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let service = service.clone();
        let head = tokio::task::spawn_blocking(move || service.ledger().head()).await;
        if let Ok(Err(error @ StoreError::CutOff)) = head {
            return error;
        }
    }
}

/// Waits for the operator's or the system's word to stop.
async fn stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        match terminate {
            Ok(mut terminate) => {
                tokio::select! { _ = interrupt => {}, _ = terminate.recv() => {} }
            }
            Err(_) => {
                let _ = interrupt.await;
            }
        }
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
}
