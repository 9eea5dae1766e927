//! Signs, drawn on a grid of 24 with strokes of 2. They repeat what words beside them say, so screen readers skip them.

/// Wraps the drawing in an `svg` element that takes its size and colour from the text around it.
macro_rules! drawn {
    ($body:literal) => {
        concat!("<svg class=\"i\" viewBox=\"0 0 24 24\" aria-hidden=\"true\">", $body, "</svg>")
    };
}

/// The source of a sign; a plain dot for an unknown name.
pub fn svg(name: &str) -> &'static str {
    match name {
        "check" => drawn!("<path d=\"M4 12.5l5.5 5.5L20 6.5\"/>"),
        "clock" => drawn!("<circle cx=\"12\" cy=\"12\" r=\"9\"/><path d=\"M12 6.5V12l4 2.5\"/>"),
        "warn" => drawn!("<path d=\"M12 3.5L22 20.5H2z\"/><path d=\"M12 10v5M12 17.6v.1\"/>"),
        "info" => drawn!("<circle cx=\"12\" cy=\"12\" r=\"9\"/><path d=\"M12 11v6M12 7.2v.1\"/>"),
        "pause" => drawn!("<circle cx=\"12\" cy=\"12\" r=\"9\"/><path d=\"M9.5 8.5v7M14.5 8.5v7\"/>"),
        "cross" => drawn!("<path d=\"M5 5l14 14M19 5L5 19\"/>"),
        "go" => drawn!("<path d=\"M4 12h15M13 6l6 6-6 6\"/>"),
        "down" => drawn!("<path d=\"M6 9l6 6 6-6\"/>"),
        "pin" => drawn!(
            "<path d=\"M12 21.5c4.5-5 7-8.6 7-11.8a7 7 0 0 0-14 0c0 3.2 2.5 6.8 7 11.8z\"/><circle cx=\"12\" cy=\"9.7\" r=\"2.5\"/>"
        ),
        "camera" => drawn!("<path d=\"M3 7.5h4l2-3h6l2 3h4v12H3z\"/><circle cx=\"12\" cy=\"13\" r=\"3.6\"/>"),
        "phone" => drawn!(
            "<path d=\"M5 3.5h4l1.5 5-2.5 1.8a12 12 0 0 0 5.7 5.7l1.8-2.5 5 1.5v4a2 2 0 0 1-2 2A15.5 15.5 0 0 1 3 5.5a2 2 0 0 1 2-2z\"/>"
        ),
        "search" => drawn!("<circle cx=\"10.5\" cy=\"10.5\" r=\"6.5\"/><path d=\"M15.5 15.5L21 21\"/>"),
        "person" => {
            drawn!("<circle cx=\"12\" cy=\"8\" r=\"4\"/><path d=\"M4 21c.8-4.5 4-6.5 8-6.5s7.2 2 8 6.5\"/>")
        }
        "file" => drawn!("<path d=\"M6 2.5h8.5L19 7v14.5H6z\"/><path d=\"M14 3v4.5h4.5\"/>"),
        "lock" => drawn!(
            "<rect x=\"5\" y=\"10.5\" width=\"14\" height=\"10.5\"/><path d=\"M8 10.5V7.5a4 4 0 0 1 8 0v3\"/>"
        ),
        "eye" => drawn!(
            "<path d=\"M2 12c2.5-4.5 6-6.5 10-6.5s7.5 2 10 6.5c-2.5 4.5-6 6.5-10 6.5S4.5 16.5 2 12z\"/><circle cx=\"12\" cy=\"12\" r=\"2.8\"/>"
        ),
        "print" => drawn!("<path d=\"M7 9V3h10v6M7 17H3V9h18v8h-4\"/><path d=\"M7 14h10v7H7z\"/>"),
        "plus" => drawn!("<path d=\"M12 4.5v15M4.5 12h15\"/>"),
        "pen" => drawn!("<path d=\"M4 20l1-4.5L16.5 4 20 7.5 8.5 19z\"/>"),
        "scale" => drawn!("<path d=\"M12 3v18M7 21h10M4.5 6.5h15M4.5 6.5L2 14h5zM19.5 6.5L17 14h5z\"/>"),
        "joint" => drawn!(
            "<circle cx=\"6\" cy=\"12\" r=\"3\"/><circle cx=\"18\" cy=\"5.5\" r=\"3\"/><circle cx=\"18\" cy=\"18.5\" r=\"3\"/><path d=\"M8.7 10.6l6.6-3.7M8.7 13.4l6.6 3.7\"/>"
        ),
        "up" => drawn!("<path d=\"M12 20V5M5.5 11.5L12 5l6.5 6.5\"/>"),
        "redo" => drawn!("<path d=\"M20 12a8 8 0 1 1-2.5-5.8M20 3v5h-5\"/>"),
        "star" => {
            drawn!("<path d=\"M12 3l2.7 5.8 6.3.8-4.6 4.3 1.2 6.2L12 17l-5.6 3.1 1.2-6.2L3 9.6l6.3-.8z\"/>")
        }
        "chat" => drawn!("<path d=\"M3 4h18v13H11l-5 4v-4H3z\"/>"),
        _ => {
            "<svg class=\"i\" viewBox=\"0 0 24 24\" aria-hidden=\"true\"><circle cx=\"12\" cy=\"12\" r=\"4\"/></svg>"
        }
    }
}
