//! The server under measurement: a process of its own, on loopback.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// A running server.
pub struct Server {
    child: Child,
    /// `127.0.0.1:port`.
    pub host: String,
    /// Seconds from start to the line `ready`.
    pub start_seconds: f64,
}

fn binary() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    own.with_file_name("gongzhi")
}

/// Makes a demo county in a directory unless it is there.
pub async fn load(dir: &Path, flood: u64, play: bool) -> Result<(), String> {
    if dir.join("county.db").is_file() {
        return Ok(());
    }
    let mut command = Command::new(binary());
    command.args(["demo", "--load-only", "--data"]).arg(dir).args(["--flood", &flood.to_string()]);
    if !play {
        command.arg("--no-past");
    }
    let status = command.status().await.map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("loading {} failed", dir.display())) }
}

/// Brings a loaded directory's county into an empty PostgreSQL database; what belongs to it beside goes
/// into `work`.
pub async fn to_postgres(loaded: &Path, work: &Path, url: &str) -> Result<(), String> {
    removed(work)?;
    let mut command = Command::new(binary());
    command.arg("move").arg("--from").arg(loaded).args(["--to", url, "--data"]).arg(work);
    let output = command.output().await.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("moving {} failed: {}", loaded.display(), String::from_utf8_lossy(&output.stderr)))
}

/// Removes what a run before has left.
fn removed(work: &Path) -> Result<(), String> {
    if work.is_dir() { std::fs::remove_dir_all(work).map_err(|error| error.to_string()) } else { Ok(()) }
}

/// Copies a loaded directory, and waits until the copy is on the disk: what is measured next is not to wait for the
/// disk to take ten gigabytes that the benchmark itself has written.
async fn copied(loaded: &Path, work: &Path) -> Result<(), String> {
    removed(work)?;
    for command in [Command::new("cp").arg("-r").arg(loaded).arg(work), &mut Command::new("sync")] {
        let done = command.status().await.map_err(|error| error.to_string())?;
        if !done.success() {
            return Err(format!("copying {} failed", loaded.display()));
        }
    }
    Ok(())
}

/// Runs an operator's command on a copy of a loaded directory, or on the database to which it was moved;
/// gives the last line it said, and how many seconds it took.
pub async fn tool(command: &str, loaded: &Path, url: Option<&str>) -> Result<(String, f64), String> {
    let work = loaded.with_file_name("tool");
    copied(loaded, &work).await?;
    let began = crate::now();
    let mut tool = Command::new(binary());
    tool.args([command, "--lang", "en"])
        .args(url.iter().flat_map(|url| ["--database", *url]))
        .arg("--data")
        .arg(&work);
    let output = tool.output().await.map_err(|error| error.to_string())?;
    let (said, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        return Err(format!("{command} failed: {told}"));
    }
    Ok((said.lines().last().unwrap_or_default().trim().to_owned(), began.elapsed().as_secs_f64()))
}

impl Server {
    /// Starts a server on a copy of a loaded directory, so that every run begins alike.
    pub async fn start(loaded: &Path, work: &Path) -> Result<Server, String> {
        copied(loaded, work).await?;
        Server::serve(work, None).await
    }

    /// Starts a server on a directory, and on a database if one is given.
    pub async fn serve(work: &Path, url: Option<&str>) -> Result<Server, String> {
        let began = crate::now();
        let mut child = Command::new(binary())
            .args(["serve", "--port", "0", "--data"])
            .arg(work)
            .args(url.iter().flat_map(|url| ["--database", *url]))
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| error.to_string())?;
        let out = child.stdout.take().ok_or("no output")?;
        let mut lines = BufReader::new(out).lines();
        let line = lines.next_line().await.map_err(|error| error.to_string())?.unwrap_or_default();
        let host = line.strip_prefix("ready http://").ok_or(format!("the server said `{line}`"))?.to_owned();
        Ok(Server { child, host, start_seconds: began.elapsed().as_secs_f64() })
    }

    /// Resident memory in MB, and its peak.
    pub fn memory(&self) -> (u64, u64) {
        let status =
            self.child.id().and_then(|id| std::fs::read_to_string(format!("/proc/{id}/status")).ok());
        let status = status.unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split_whitespace().nth(1).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0) / 1_024
        };
        (field("VmRSS:"), field("VmHWM:"))
    }

    /// Bytes that it has written so far, to whatever file.
    pub fn written(&self) -> u64 {
        let io = self.child.id().and_then(|id| std::fs::read_to_string(format!("/proc/{id}/io")).ok());
        let io = io.unwrap_or_default();
        let written = io.lines().find_map(|line| line.strip_prefix("wchar: "));
        written.and_then(|bytes| bytes.parse().ok()).unwrap_or(0)
    }

    /// Stops it.
    pub async fn stop(mut self) {
        let _ = self.child.kill().await;
    }
}
