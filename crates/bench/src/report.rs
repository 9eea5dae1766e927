//! The report: a table for people, kept in `docs/PERFORMANCE.md`, and a chart beside it.

use std::fmt::Write as _;
use std::path::Path;

use crate::load::Measured;

/// What one run found.
pub struct Report {
    stored: u64,
    pub lifecycles: Vec<(&'static str, Measured)>,
    pub group_sizes: Vec<(&'static str, f64)>,
    pub one_client: f64,
    pub many_clients: f64,
    pub many_group: f64,
    pub pages: Vec<(String, Measured)>,
    pub weight: Vec<(String, usize)>,
    pub memory: (u64, u64),
    pub start_seconds: Vec<f64>,
}

impl Report {
    /// An empty report over a store of so many matters.
    pub fn new(stored: u64) -> Report {
        Report {
            stored,
            lifecycles: Vec::new(),
            group_sizes: Vec::new(),
            one_client: 0.0,
            many_clients: 0.0,
            many_group: 0.0,
            pages: Vec::new(),
            weight: Vec::new(),
            memory: (0, 0),
            start_seconds: Vec::new(),
        }
    }

    /// The tables in Markdown.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let _ = self.write_text(&mut out);
        out
    }

    fn write_text(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "Machine: {}. Store of the second row: {} matters.\n", machine(), self.stored)?;
        writeln!(
            out,
            "| lifecycles over the HTTP API, 50 clients | a second | requests a second | commands a durable transaction |"
        )?;
        writeln!(out, "|---|---:|---:|---:|")?;
        for ((label, measured), (_, group)) in self.lifecycles.iter().zip(&self.group_sizes) {
            writeln!(out, "| {label} | {:.0} | {:.0} | {group:.1} |", measured.rate(), measured.requests())?;
        }
        if let [(_, empty), (_, full)] = self.lifecycles.as_slice() {
            writeln!(out, "\nFull against empty: {:.0} %.", 100.0 * full.rate() / empty.rate())?;
        }
        writeln!(
            out,
            "Group commit: 64 clients {:.0} requests/s in groups of {:.1} commands; one client {:.0} requests/s; ratio {:.1}.\n",
            self.many_clients,
            self.many_group,
            self.one_client,
            self.many_clients / self.one_client.max(1.0)
        )?;
        writeln!(out, "| request | store | p50 ms | p95 ms | p99 ms |\n|---|---|---:|---:|---:|")?;
        for (label, measured) in &self.lifecycles {
            for name in measured.latencies.keys() {
                row(out, name, label, measured)?;
            }
        }
        writeln!(
            out,
            "\n| page, 16 clients, full store | a second | p50 ms | p95 ms | p99 ms |\n|---|---:|---:|---:|---:|"
        )?;
        for (name, measured) in &self.pages {
            let p = |percent| measured.percentile(name, percent);
            writeln!(
                out,
                "| {name} | {:.0} | {:.1} | {:.1} | {:.1} |",
                measured.requests(),
                p(50.0),
                p(95.0),
                p(99.0)
            )?;
        }
        let total: usize = self.weight.iter().map(|(_, bytes)| bytes).sum();
        writeln!(
            out,
            "\nReport page on a first visit: {:.1} KB compressed ({}).",
            total as f64 / 1_024.0,
            parts(&self.weight)
        )?;
        writeln!(
            out,
            "Server's resident memory after all of it: {} MB (peak {} MB).",
            self.memory.0, self.memory.1
        )?;
        let starts: Vec<String> =
            self.start_seconds.iter().map(|seconds| format!("{seconds:.2} s")).collect();
        writeln!(out, "Cold start to `ready`: {}.", starts.join(" empty, "))
    }

    /// Writes the chart beside the documentation; a quick run writes nothing.
    pub fn write_chart(&self, docs: &Path, quick: bool) -> std::io::Result<()> {
        if quick { Ok(()) } else { std::fs::write(docs.join("performance-matter.svg"), self.chart()) }
    }

    /// Bars of p50, p95 and p99 of each request on the full store, on one scale.
    fn chart(&self) -> String {
        let mut rows: Vec<(String, [f64; 3])> = Vec::new();
        let three =
            |measured: &Measured, name: &str| [50.0, 95.0, 99.0].map(|p| measured.percentile(name, p));
        if let Some((_, measured)) = self.lifecycles.last() {
            rows.extend(measured.latencies.keys().map(|name| (name.clone(), three(measured, name))));
        }
        rows.extend(
            self.pages.iter().map(|(name, measured)| (format!("page {name}"), three(measured, name))),
        );
        let most = rows.iter().map(|(_, values)| values[2]).fold(1.0, f64::max);
        let height = 40 + rows.len() * 34;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 {height}\" font-family=\"sans-serif\" font-size=\"12\">\
             <title>Latency by request on the full store: p50, p95, p99 in milliseconds</title>\
             <rect width=\"720\" height=\"{height}\" fill=\"#fff\"/><text x=\"12\" y=\"20\">p50 / p95 / p99 in ms, full store</text>"
        );
        for (at, (name, values)) in rows.iter().enumerate() {
            let y = 34 + at * 34;
            let _ = write!(svg, "<text x=\"12\" y=\"{}\">{name}</text>", y + 16);
            for (bar, (value, fill)) in values.iter().zip(["#1f5f6b", "#6fa3ad", "#c3d9dd"]).enumerate() {
                let width = value / most * 480.0;
                let y = y + bar * 8;
                let _ = write!(
                    svg,
                    "<rect x=\"130\" y=\"{y}\" width=\"{width:.1}\" height=\"7\" fill=\"{fill}\"/>"
                );
            }
            let _ = write!(
                svg,
                "<text x=\"{:.1}\" y=\"{}\">{:.1} / {:.1} / {:.1}</text>",
                138.0 + values[2] / most * 480.0,
                y + 16,
                values[0],
                values[1],
                values[2]
            );
        }
        svg.push_str("</svg>\n");
        svg
    }
}

/// Puts a benchmark's tables into its part of the documentation; a quick run writes nothing.
pub fn write(docs: &Path, name: &str, text: &str, quick: bool) -> std::io::Result<()> {
    if quick {
        return Ok(());
    }
    let path = docs.join("PERFORMANCE.md");
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    let (begin, end) = (format!("<!-- bench {name} -->"), "<!-- end -->");
    let head = old.split(&begin).next().unwrap_or_default();
    let tail = old.split_once(&begin).and_then(|(_, rest)| rest.split_once(end)).map_or("", |(_, tail)| tail);
    std::fs::write(path, format!("{head}{begin}\n{text}{end}{tail}"))
}

fn row(out: &mut String, name: &str, label: &str, measured: &Measured) -> std::fmt::Result {
    let p = |percent| measured.percentile(name, percent);
    writeln!(out, "| {name} | {label} | {:.1} | {:.1} | {:.1} |", p(50.0), p(95.0), p(99.0))
}

fn parts(weight: &[(String, usize)]) -> String {
    let parts: Vec<String> =
        weight.iter().map(|(path, bytes)| format!("{path} {:.1}", *bytes as f64 / 1_024.0)).collect();
    parts.join(", ")
}

/// The machine in a few words: processor, cores, memory, kernel.
pub fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let cores = info.lines().filter(|line| line.starts_with("processor")).count();
    let memory = read("/proc/meminfo");
    let kilobytes =
        memory.lines().next().and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    let kernel = read("/proc/sys/kernel/osrelease");
    format!(
        "{} × {cores}, {} GB memory, Linux {}",
        model.trim_start_matches([' ', '\t', ':']),
        kilobytes.unwrap_or(0) / 1_048_576,
        kernel.trim()
    )
}
