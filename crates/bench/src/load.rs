//! Load: clients that play lifecycles or fetch pages, each on its own connection, for a set time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::http::Client;
use crate::script::{PageSpec, Request, Script};

/// Latencies in microseconds by request, and what was completed.
#[derive(Default)]
pub struct Measured {
    pub latencies: BTreeMap<String, Vec<u64>>,
    pub lifecycles: u64,
    pub failures: Vec<String>,
    pub seconds: f64,
}

impl Measured {
    fn join(&mut self, other: Measured) {
        for (name, mut values) in other.latencies {
            self.latencies.entry(name).or_default().append(&mut values);
        }
        self.lifecycles += other.lifecycles;
        self.failures.extend(other.failures);
    }

    /// A percentile of one request in milliseconds.
    pub fn percentile(&self, name: &str, percent: f64) -> f64 {
        let mut values = self.latencies.get(name).cloned().unwrap_or_default();
        values.sort_unstable();
        let at = (values.len() as f64 * percent / 100.0).ceil() as usize;
        values.get(at.saturating_sub(1)).copied().unwrap_or(0) as f64 / 1_000.0
    }

    /// Lifecycles a second.
    pub fn rate(&self) -> f64 {
        self.lifecycles as f64 / self.seconds
    }

    /// Requests a second.
    pub fn requests(&self) -> f64 {
        self.latencies.values().map(Vec::len).sum::<usize>() as f64 / self.seconds
    }
}

/// Signs all accounts of a script in: session tokens by login.
pub async fn sign_in(host: &str, script: &Script) -> Result<BTreeMap<String, String>, String> {
    let mut tokens = BTreeMap::new();
    let mut client = Client::connect(host).await.map_err(|error| error.to_string())?;
    for login in &script.sign_in {
        let body = format!(r#"{{"login":"{login}","password":"{}"}}"#, script.password);
        let answer =
            client.send("POST", "/api/v1/sign-in", "", &body).await.map_err(|error| error.to_string())?;
        let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let token = json.get("token").and_then(|token| token.as_str());
        let token =
            token.ok_or(format!("{login} cannot sign in: {}", String::from_utf8_lossy(&answer.body)))?;
        tokens.insert(login.clone(), token.to_owned());
    }
    Ok(tokens)
}

/// Plays whole lifecycles with some clients for some seconds.
pub async fn lifecycles(
    host: &str,
    script: &Arc<Script>,
    tokens: &Arc<BTreeMap<String, String>>,
    clients: usize,
    seconds: u64,
    number: &Arc<AtomicU64>,
) -> Measured {
    let began = crate::now();
    let until = began + Duration::from_secs(seconds);
    let mut tasks = Vec::new();
    for _ in 0..clients {
        let (host, script, tokens, number) =
            (host.to_owned(), script.clone(), tokens.clone(), number.clone());
        tasks.push(tokio::spawn(async move {
            let mut measured = Measured::default();
            let Ok(mut client) = Client::connect(&host).await else {
                measured.failures.push("no connection".into());
                return measured;
            };
            while crate::now() < until {
                let n = number.fetch_add(1, Ordering::Relaxed);
                match lifecycle(&mut client, &script, &tokens, n, &mut measured).await {
                    Ok(()) => measured.lifecycles += 1,
                    Err(error) => {
                        measured.failures.push(error);
                        if measured.failures.len() > 20 {
                            break;
                        }
                    }
                }
            }
            measured
        }));
    }
    gather(tasks, began).await
}

pub async fn gather(tasks: Vec<tokio::task::JoinHandle<Measured>>, began: std::time::Instant) -> Measured {
    let mut all = Measured::default();
    for task in tasks {
        if let Ok(measured) = task.await {
            all.join(measured);
        }
    }
    all.seconds = began.elapsed().as_secs_f64();
    all
}

pub async fn lifecycle(
    client: &mut Client,
    script: &Script,
    tokens: &BTreeMap<String, String>,
    n: u64,
    measured: &mut Measured,
) -> Result<(), String> {
    let run = std::process::id();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    names.insert("n".into(), n.to_string());
    names.insert("word".into(), format!("bench{run}x{n}"));
    names.insert("place".into(), script.places[n as usize % script.places.len()].clone());
    for (at, request) in script.requests.iter().enumerate() {
        names.insert("cmd".into(), format!("bench-{run}-{n}-{at}"));
        let fill = |text: &str| {
            names
                .iter()
                .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
        };
        let head = authorization(request, tokens);
        let began = crate::now();
        let answer = client
            .send(&request.method, &fill(&request.path), &head, &fill(&request.body))
            .await
            .map_err(|error| format!("{}: {error}", request.name))?;
        let micros = began.elapsed().as_micros() as u64;
        measured.latencies.entry(request.name.clone()).or_default().push(micros);
        let words = || String::from_utf8_lossy(&answer.body).chars().take(400).collect::<String>();
        if answer.status != request.status {
            return Err(format!("{}: {} {}", request.name, answer.status, words()));
        }
        if !request.takes.is_empty() {
            let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            for (name, member) in &request.takes {
                let value = json.get(member).and_then(|value| value.as_str()).unwrap_or_default();
                names.insert(name.clone(), value.to_owned());
            }
        }
        if let Some(finds) = &request.finds {
            let wanted = names
                .iter()
                .fold(finds.clone(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value));
            if !words().contains(&wanted) {
                return Err(format!("{}: did not find {wanted}: {}", request.name, words()));
            }
        }
    }
    Ok(())
}

fn authorization(request: &Request, tokens: &BTreeMap<String, String>) -> String {
    let token = request.account.as_ref().and_then(|account| tokens.get(account));
    token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default()
}

/// Fetches one page over and over with some clients for some seconds.
pub async fn pages(
    host: &str,
    name: &str,
    page: &PageSpec,
    cookie: &str,
    clients: usize,
    seconds: u64,
) -> Measured {
    let began = crate::now();
    let until = began + Duration::from_secs(seconds);
    let head = format!("{cookie}Accept-Encoding: br, gzip\r\nAccept-Language: zh-CN\r\n");
    let mut tasks = Vec::new();
    for _ in 0..clients {
        let (host, name, path, head) = (host.to_owned(), name.to_owned(), page.path.clone(), head.clone());
        tasks.push(tokio::spawn(async move {
            let mut measured = Measured::default();
            let Ok(mut client) = Client::connect(&host).await else {
                measured.failures.push("no connection".into());
                return measured;
            };
            while crate::now() < until {
                let began = crate::now();
                match client.send("GET", &path, &head, "").await {
                    Ok(answer) if answer.status == 200 => {
                        let micros = began.elapsed().as_micros() as u64;
                        measured.latencies.entry(name.clone()).or_default().push(micros);
                    }
                    Ok(answer) => {
                        measured.failures.push(format!("{path}: {}", answer.status));
                        break;
                    }
                    Err(error) => {
                        measured.failures.push(format!("{path}: {error}"));
                        break;
                    }
                }
            }
            measured
        }));
    }
    gather(tasks, began).await
}

/// Bytes of a page as sent, with all that it loads at once: stylesheets, scripts, pictures.
pub async fn weight(host: &str, path: &str) -> Result<Vec<(String, usize)>, String> {
    let mut client = Client::connect(host).await.map_err(|error| error.to_string())?;
    let mut get = async |path: &str, encoding: &str| {
        let head = format!("Accept-Encoding: {encoding}\r\nAccept-Language: zh-CN\r\n");
        client.send("GET", path, &head, "").await.map_err(|error| format!("{path}: {error}"))
    };
    let plain = get(path, "identity").await?;
    let mut parts = vec![(path.to_owned(), get(path, "br").await?.body.len())];
    let html = String::from_utf8_lossy(&plain.body).into_owned();
    let mut seen = std::collections::BTreeSet::new();
    for piece in html.split(['"', '\'']) {
        let loads =
            piece.starts_with("/assets/") || piece.starts_with("/icons/") || piece == "/app.webmanifest";
        if loads && seen.insert(piece.to_owned()) {
            parts.push((piece.to_owned(), get(piece, "br").await?.body.len()));
        }
    }
    Ok(parts)
}

/// A number of `/metrics`.
pub async fn metric(host: &str, name: &str) -> f64 {
    let Ok(mut client) = Client::connect(host).await else { return 0.0 };
    let Ok(answer) = client.send("GET", "/metrics", "", "").await else { return 0.0 };
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let line = text.lines().filter(|line| line.starts_with(name) && !line.starts_with('#'));
    line.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}
