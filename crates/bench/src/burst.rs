//! Bursts: lifecycles that begin when the clock says so, whether or not the ones before have ended.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::http::Client;
use crate::load::{Measured, gather, lifecycle};
use crate::script::Script;

/// Lifecycles a second of each stage: up and back again.
pub const STAGES: [u64; 9] = [1, 5, 10, 20, 35, 20, 10, 5, 1];

/// Plays the stages, each for some seconds. Failures are lifecycles that did not succeed.
pub async fn run(
    host: &str,
    script: &Arc<Script>,
    tokens: &Arc<BTreeMap<String, String>>,
    seconds: u64,
    number: &Arc<AtomicU64>,
) -> Measured {
    let began = crate::now();
    let mut at = Duration::ZERO;
    let mut tasks = Vec::new();
    for rate in STAGES {
        let step = Duration::from_secs(1) / rate as u32;
        for _ in 0..rate * seconds {
            let (host, script, tokens) = (host.to_owned(), script.clone(), tokens.clone());
            let n = number.fetch_add(1, Ordering::Relaxed);
            let start = at;
            tasks.push(tokio::spawn(async move {
                tokio::time::sleep(start.saturating_sub(began.elapsed())).await;
                let mut measured = Measured::default();
                let played = match Client::connect(&host).await {
                    Ok(mut client) => lifecycle(&mut client, &script, &tokens, n, &mut measured).await,
                    Err(error) => Err(error.to_string()),
                };
                match played {
                    Ok(()) => measured.lifecycles = 1,
                    Err(error) => measured.failures.push(error),
                }
                measured
            }));
            at += step;
        }
    }
    gather(tasks, began).await
}
