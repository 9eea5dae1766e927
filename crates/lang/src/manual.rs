//! The manual page of the checks, from the checks' own files.

use std::fmt::Write;

use gongzhi_base::Lang;

use crate::checks::ALL;
use crate::diagnostic::Severity;
use crate::locale;

/// All checks in Markdown: what each does, why, an example and its fix.
pub fn manual(lang: Lang) -> String {
    let word = |key| locale::text(lang, key, &[]);
    let mut out = format!("# {}\n\n{}\n", word("manual.title"), word("manual.intro"));
    for check in ALL {
        let severity = word(match check.severity {
            Severity::Error => "word.error",
            Severity::Warning => "word.warning",
        });
        let what = match lang {
            Lang::Zh => check.section("作用"),
            Lang::En => check.section("What it does"),
        };
        let example = check.section("Example");
        let fix = check.section("Fix");
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "\n## {} · {}\n\n`{}` · {severity}\n\n{what}\n\n**{}** {}\n\n**{}**\n\n{example}\n\n**{}**\n\n{fix}\n",
            check.code,
            check.title(lang),
            check.name,
            word("manual.why"),
            check.why(lang),
            word("manual.example"),
            word("manual.fix"),
        );
    }
    out
}
