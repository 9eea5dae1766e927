//! `gongzhi serve`: a county over HTTP.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use gongzhi_service::ambient::Machine;
use gongzhi_service::{Service, timers};

use super::Fault;

/// Arguments of `gongzhi serve`.
#[derive(clap::Args)]
pub struct Serve {
    /// Directory of the database and the files.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
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
    let ledger = super::existing(&args.data)?;
    let service = super::open(ledger, &args.data, Arc::new(Machine), None)?;
    serve(service, &args.http)
}

/// Serves until it is told to stop, then ends in order.
pub fn serve(service: Service, http: &Http) -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(8)
        .build()?;
    let service = Arc::new(service);
    timers::run(&service);
    let metrics = metrics_exporter_prometheus::PrometheusBuilder::new()
        .install_recorder()
        .map_err(|error| Fault::new(error.to_string()))?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind((http.host.as_str(), http.port))
            .await
            .map_err(|error| Fault::new(format!("{}:{} cannot be listened on: {error}", http.host, http.port)))?;
        let address = listener.local_addr()?;
        let url = format!("http://{address}");
        let public_url = http.public_url.clone().unwrap_or_else(|| url.clone());
        let app = gongzhi_web::App {
            service: service.clone(),
            metrics,
            secure: public_url.starts_with("https://"),
            public_url: public_url.trim_end_matches('/').into(),
        };
        let router = gongzhi_web::router(app).into_make_service_with_connect_info::<SocketAddr>();
        println!("ready {url}");
        std::io::stdout().flush()?;
        axum::serve(listener, router).with_graceful_shutdown(stop()).await?;
        Ok(())
    })
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
