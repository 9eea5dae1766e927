//! Line charts drawn on the server, so that they stand without script. Each point leads to its records.

use askama::Template;
use serde::Deserialize;

use super::Shell;

/// Lines over a row of periods.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LineChart {
    /// Heading.
    pub title: String,
    /// What the chart shows, for those who cannot see it.
    pub summary: String,
    /// Labels of the periods, oldest first.
    pub periods: Vec<String>,
    /// One to four lines.
    pub lines: Vec<Line>,
    /// Value at the foot of the scale.
    pub from: f64,
    /// Value at its head.
    pub to: f64,
    /// Written after the values of the scale, such as `%`.
    pub unit: String,
}

/// A line.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Line {
    /// Its name.
    pub label: String,
    /// As many points as there are periods.
    pub points: Vec<Point>,
}

/// A point of a line.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Point {
    /// Its height on the scale; `None` where there was nothing to measure.
    pub value: Option<f64>,
    /// The number as shown.
    pub text: String,
    /// The list of its records; empty for none.
    pub href: String,
}

/// A point with its place on the drawing.
#[derive(Debug)]
pub struct Placed<'a> {
    /// Distance from the left, in thousandths of the width.
    pub x: f64,
    /// Distance from the top.
    pub y: f64,
    /// Index of the period.
    pub period: usize,
    /// The point.
    pub point: &'a Point,
}

/// A value of the scale.
#[derive(Debug)]
pub struct Tick {
    /// Distance from the top.
    pub y: f64,
    /// What it says.
    pub text: String,
}

/// The drawing is as wide as the page leaves it, so places from the left are parts of a thousand; heights are pixels.
const WIDTH: f64 = 1_000.0;
const HEIGHT: f64 = 180.0;
/// Periods whose names fit beside each other on a telephone.
const NAMED: usize = 4;

fn tidy(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

impl LineChart {
    /// Size of the drawn lines as an SVG view box, stretched to the width.
    pub fn view_box(&self) -> String {
        format!("0 0 {WIDTH} {HEIGHT}")
    }

    /// Height of the drawing without its names.
    pub fn height(&self) -> f64 {
        HEIGHT
    }

    /// Place of a period from the left.
    fn x(&self, period: usize) -> f64 {
        let gaps = self.periods.len().saturating_sub(1).max(1);
        tidy(WIDTH * period as f64 / gaps as f64)
    }

    /// The same in per cent.
    pub fn percent(&self, period: &usize) -> f64 {
        self.x(*period) * 100.0 / WIDTH
    }

    /// Whether a period has its name also where there is little room: the newest one has, and others so far from each other.
    pub fn named(&self, period: &usize) -> bool {
        let left = self.periods.len().saturating_sub(1).saturating_sub(*period);
        left.is_multiple_of(self.periods.len().div_ceil(NAMED).max(1))
    }

    fn y(&self, value: f64) -> f64 {
        let span = (self.to - self.from).max(f64::EPSILON);
        let share = ((value - self.from) / span).clamp(0.0, 1.0);
        tidy(HEIGHT * (1.0 - share))
    }

    /// Five values of the scale.
    pub fn ticks(&self) -> Vec<Tick> {
        (0..=4)
            .map(|step| {
                let value = self.from + (self.to - self.from) * f64::from(step) / 4.0;
                Tick { y: self.y(value), text: format!("{}{}", tidy(value), self.unit) }
            })
            .collect()
    }

    /// The points of a line that have a value, with their places.
    pub fn placed<'a>(&self, line: &'a Line) -> Vec<Placed<'a>> {
        let point = |(period, point): (usize, &'a Point)| {
            point.value.map(|value| Placed { x: self.x(period), y: self.y(value), period, point })
        };
        line.points.iter().enumerate().filter_map(point).collect()
    }

    /// The drawn line; it is broken where a value is missing.
    pub fn path(&self, line: &Line) -> String {
        let mut path = String::new();
        let mut last = None;
        for placed in self.placed(line) {
            let joined = last.is_some_and(|before| before + 1 == placed.period);
            let pen = if joined { 'L' } else { 'M' };
            path.push_str(&format!("{pen}{} {}", placed.x, placed.y));
            last = Some(placed.period);
        }
        path
    }
}

impl Shell {
    /// A line chart, to be printed with `|safe`.
    pub fn chart<'a>(&'a self, chart: &'a LineChart) -> LineChartTemplate<'a> {
        LineChartTemplate { s: self, chart }
    }
}

/// Prints a line chart.
#[derive(Debug, Template)]
#[template(path = "part/line_chart.html")]
pub struct LineChartTemplate<'a> {
    /// The frame, for language.
    pub s: &'a Shell,
    /// The chart.
    pub chart: &'a LineChart,
}
