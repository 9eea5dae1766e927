//! Diagnostics for the terminal and for machines.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use gongzhi_base::Lang;

use crate::diagnostic::{Diagnostic, Severity};
use crate::locale;

/// One diagnostic with the lines of the source around it, why it matters and what to write instead.
pub fn render(diagnostic: &Diagnostic, source: &str, lang: Lang, color: bool) -> String {
    let word = |key| locale::text(lang, key, &[]);
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR.with_name(word("word.error")),
        Severity::Warning => Level::WARNING.with_name(word("word.warning")),
    };
    let span = clamp(source, diagnostic);
    let clause = (!diagnostic.clause.is_empty()).then_some(diagnostic.clause.as_str());
    let annotation = AnnotationKind::Primary.span(span).label(clause);
    let snippet = Snippet::source(source).path(diagnostic.path.as_str()).annotation(annotation);
    let mut group = level.primary_title(diagnostic.message.get(lang)).id(diagnostic.code).element(snippet);
    group = group.element(Level::NOTE.with_name(word("word.why")).message(diagnostic.why.get(lang)));
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.with_name(word("word.help")).message(help.get(lang)));
    }
    let report: &[Group<'_>] = &[group];
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.decor_style(DecorStyle::Ascii).render(report)
}

/// The span within the text: a diagnostic may be shown over a text that has been edited since.
fn clamp(source: &str, diagnostic: &Diagnostic) -> std::ops::Range<usize> {
    let start = crate::source::floor(source, diagnostic.span.start);
    start..crate::source::floor(source, diagnostic.span.end).max(start)
}

/// All diagnostics as a JSON list, for editors and scripts.
pub fn to_json(diagnostics: &[Diagnostic]) -> String {
    serde_json::to_string_pretty(diagnostics).unwrap_or_default()
}
