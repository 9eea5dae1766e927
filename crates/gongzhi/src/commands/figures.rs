//! `gongzhi figures`: every indicator, as kept and as anybody can recount it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use gongzhi_service::ambient::Machine;
use gongzhi_service::figures::{Figure, Grain, Map, Reading};

use super::Fault;

/// Arguments of `gongzhi figures`.
#[derive(clap::Args)]
pub struct Figures {
    #[command(flatten)]
    data: super::open::Held,
    /// `text` for people, `json` for machines.
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    format: String,
    /// Months put together: `month`, `quarter`, `year` or `whole`.
    #[arg(long, default_value = "month", value_parser = ["month", "quarter", "year", "whole"])]
    by: String,
    /// Places as they are `today`, or as they were when each record was opened (`then`).
    #[arg(long, default_value = "today", value_parser = ["today", "then"])]
    map: String,
}

/// Runs it.
pub fn run(args: &Figures) -> Result<(), Fault> {
    let service = args.data.service(Arc::new(Machine))?;
    let grain = match args.by.as_str() {
        "quarter" => Grain::Quarter,
        "year" => Grain::Year,
        "whole" => Grain::Whole,
        _ => Grain::Month,
    };
    let map = if args.map == "then" { Map::AsItWas } else { Map::Today };
    let figures = service.all_figures(Reading { grain, map })?;
    let mut out = String::new();
    if args.format == "json" {
        let rows: Vec<serde_json::Value> = figures.iter().map(json).collect();
        out.push_str(&serde_json::Value::Array(rows).to_string());
        out.push('\n');
    } else {
        out.push_str("mechanism\tindicator\tdimension\tplace\tperiod\tnumerator\tdenominator\tvalue\n");
        for figure in &figures {
            let key = &figure.key;
            let value = figure.thousandths.map_or_else(|| "-".to_owned(), decimal);
            let _ = writeln!(
                out,
                "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{value}",
                key.mechanism,
                figure.name(),
                figure.key.dimension.word(),
                key.key,
                key.period,
                figure.numerator,
                figure.denominator
            );
        }
    }
    service.close();
    match std::io::stdout().write_all(out.as_bytes()) {
        // Whoever reads may have seen enough (`| head`).
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn json(figure: &Figure) -> serde_json::Value {
    let key = &figure.key;
    serde_json::json!({
        "mechanism": key.mechanism,
        "indicator": key.indicator,
        "point": figure.point,
        "dimension": figure.key.dimension.word(),
        "place": key.key,
        "period": key.period,
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "value": figure.thousandths.map(|thousandths| thousandths as f64 / 1_000.0),
    })
}

/// Thousandths as a decimal number without needless zeros.
fn decimal(thousandths: i64) -> String {
    let text = format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
