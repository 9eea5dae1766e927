//! QR codes as SVG: one path of rows, so that even a dense code takes a few kilobytes of the page.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};

/// Light modules around the code, as its standard asks.
const MARGIN: usize = 4;

/// A QR code of a short text, with room for a stain on the paper. Empty when the text is too long.
pub fn small(text: &str) -> String {
    QrCode::with_error_correction_level(text, EcLevel::M).map(|code| svg(&code)).unwrap_or_default()
}

/// A QR code of a long text, as large modules as can be. Empty when the text is too long.
pub fn dense(text: &str) -> String {
    QrCode::with_error_correction_level(text, EcLevel::L).map(|code| svg(&code)).unwrap_or_default()
}

fn svg(code: &QrCode) -> String {
    let width = code.width();
    let whole = width + 2 * MARGIN;
    let mut out = format!(
        "<svg viewBox=\"0 0 {whole} {whole}\" role=\"img\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{whole}v{whole}H0z\"/><path d=\""
    );
    for (row, colors) in code.to_colors().chunks(width).enumerate() {
        let mut at = 0;
        for run in colors.chunk_by(|a, b| a == b) {
            if run[0] == Color::Dark {
                let (x, y, len) = (at + MARGIN, row + MARGIN, run.len());
                // Writing to a string cannot fail.
                let _ = write!(out, "M{x} {y}h{len}v1h-{len}z");
            }
            at += run.len();
        }
    }
    out.push_str("\"/></svg>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dark_module_is_drawn_once() {
        let code = QrCode::new("https://example.cn/follow/K7QF").expect("a code");
        let dark = code.to_colors().into_iter().filter(|color| *color == Color::Dark).count();
        let svg = svg(&code);
        let runs = svg.split("\"/><path d=\"").nth(1).expect("a path").split('h').skip(1).step_by(2);
        let drawn: usize = runs.filter_map(|run| run.split('v').next()?.parse::<usize>().ok()).sum();
        assert_eq!(drawn, dark);
    }

    #[test]
    fn what_does_not_fit_draws_nothing() {
        assert_eq!(dense(&"x".repeat(3_000)), "");
        assert!(dense(&format!("https://example.cn/verify#{}", "7".repeat(2_400))).len() < 110_000);
    }
}
