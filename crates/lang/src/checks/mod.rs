//! The checks. One file each: its code, its manual page (the file's own comment), its messages.

pub mod asked_twice;
pub mod bad_name;
pub mod calendar_day;
pub mod catalogue_file;
pub mod catalogue_row;
pub mod columns;
pub mod computed;
pub mod constant_guard;
pub mod constraint;
pub mod dead_end;
pub mod deadline_idle;
pub mod deadline_late;
pub mod deadline_without_basis;
pub mod division_by_zero;
pub mod duplicate;
pub mod example_differs;
pub mod expression_syntax;
pub mod expression_types;
pub mod final_left;
pub mod full_width;
pub mod harmful;
pub mod harmful_explained;
pub mod heading_missing;
pub mod held_by;
pub mod missing_key;
pub mod missing_words;
pub mod never_filled;
pub mod never_read;
pub mod no_opener;
pub mod nobody;
pub mod notice_personal;
pub mod notice_reader;
pub mod notice_silent;
pub mod number_format;
pub mod offer;
pub mod over_budget;
pub mod parts;
pub mod personal_incomplete;
pub mod personal_read;
pub mod print;
pub mod published;
pub mod ratio_of_nothing;
pub mod recurrence;
pub mod sheet;
pub mod uncounted;
pub mod unknown_key;
pub mod unknown_name;
pub mod unreachable_state;
pub mod view_personal;
pub mod wrong_field;
pub mod wrong_value;
pub mod yaml_syntax;

use gongzhi_base::Lang;

use crate::diagnostic::{Faults, Severity};
use crate::flow::Flow;
use crate::literate::Block;
use crate::world::World;

/// A check as the manual and the messages know it.
#[derive(Debug)]
pub struct Check {
    /// As in `GZ101`.
    pub code: &'static str,
    /// As in `unknown-name`.
    pub name: &'static str,
    pub severity: Severity,
    /// The check's own source file: its first comment is the manual page.
    pub(crate) page: &'static str,
}

impl Check {
    /// The lines of a section of the manual page, as in `Why is this bad`.
    pub fn section(&self, heading: &str) -> String {
        let lines = self
            .page
            .lines()
            .map_while(|line| line.strip_prefix("//!"))
            .map(|line| line.strip_prefix(' ').unwrap_or(line));
        let body = lines.skip_while(|line| line.strip_prefix("# ") != Some(heading)).skip(1);
        body.take_while(|line| !line.starts_with("# ")).collect::<Vec<_>>().join("\n").trim().to_owned()
    }

    /// The title of the manual page.
    pub fn title(&self, lang: Lang) -> &'static str {
        let line = self.page.lines().next().and_then(|line| line.strip_prefix("//! ")).unwrap_or(self.name);
        let (en, zh) = line.split_once(" · ").unwrap_or((line, line));
        match lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }

    /// Why what it finds is bad, on one line.
    pub fn why(&self, lang: Lang) -> String {
        match lang {
            Lang::Zh => self.section("为什么不好"),
            Lang::En => self.section("Why is this bad").replace('\n', " "),
        }
    }
}

/// All checks in the order of their codes.
pub const ALL: &[&Check] = &[
    &yaml_syntax::CHECK,
    &full_width::CHECK,
    &duplicate::CHECK,
    &unknown_key::CHECK,
    &missing_key::CHECK,
    &wrong_value::CHECK,
    &missing_words::CHECK,
    &heading_missing::CHECK,
    &bad_name::CHECK,
    &unknown_name::CHECK,
    &wrong_field::CHECK,
    &columns::CHECK,
    &unreachable_state::CHECK,
    &dead_end::CHECK,
    &final_left::CHECK,
    &nobody::CHECK,
    &no_opener::CHECK,
    &deadline_without_basis::CHECK,
    &deadline_idle::CHECK,
    &deadline_late::CHECK,
    &calendar_day::CHECK,
    &expression_syntax::CHECK,
    &expression_types::CHECK,
    &constant_guard::CHECK,
    &personal_read::CHECK,
    &division_by_zero::CHECK,
    &never_filled::CHECK,
    &never_read::CHECK,
    &personal_incomplete::CHECK,
    &asked_twice::CHECK,
    &held_by::CHECK,
    &computed::CHECK,
    &ratio_of_nothing::CHECK,
    &catalogue_file::CHECK,
    &catalogue_row::CHECK,
    &parts::CHECK,
    &number_format::CHECK,
    &recurrence::CHECK,
    &constraint::CHECK,
    &offer::CHECK,
    &notice_personal::CHECK,
    &notice_silent::CHECK,
    &notice_reader::CHECK,
    &view_personal::CHECK,
    &sheet::CHECK,
    &print::CHECK,
    &published::CHECK,
    &example_differs::CHECK,
    &over_budget::CHECK,
    &uncounted::CHECK,
    &harmful::CHECK,
    &harmful_explained::CHECK,
];

/// Runs the checks over all declarations. Those of form have told their faults while reading.
pub fn run(world: &World<'_>, outlines: &[Vec<Block>], faults: &mut Faults) {
    missing_words::titles(outlines, faults);
    duplicate::check(world, faults);
    bad_name::fields(world, faults);
    unknown_name::check(world, faults);
    crate::example::names(world, faults);
    wrong_field::check(world, faults);
    columns::check(world, faults);
    nobody::check(world, faults);
    never_filled::check(world, faults);
    never_read::check(world, faults);
    personal_incomplete::check(world, faults);
    asked_twice::check(world, faults);
    held_by::check(world, faults);
    computed::check(world, faults);
    parts::check(world, faults);
    number_format::check(world, faults);
    recurrence::check(world, faults);
    offer::check(world, faults);
    sheet::check(world, faults);
    print::check(world, faults);
    harmful::check(world, faults);
    for mechanism in &world.documents.mechanisms {
        personal_read::check(mechanism, faults);
        notice_personal::check(mechanism, faults);
        notice_silent::check(mechanism, faults);
        notice_reader::check(mechanism, faults);
        view_personal::check(mechanism, faults);
        published::check(mechanism, faults);
        constraint::check(mechanism, faults);
        deadline_without_basis::check(mechanism, faults);
        calendar_day::check(mechanism, faults);
        constant_guard::check(mechanism, faults);
        division_by_zero::check(mechanism, faults);
        ratio_of_nothing::check(mechanism, faults);
        // Where a state or step is missing, everything behind it would be called unreachable.
        let Some(flow) = Flow::of(mechanism) else { continue };
        no_opener::check(&flow, faults);
        unreachable_state::check(&flow, faults);
        dead_end::check(&flow, faults);
        final_left::check(&flow, faults);
        deadline_idle::check(&flow, faults);
        deadline_late::check(&flow, faults);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_rise_and_every_page_is_whole() {
        assert!(ALL.windows(2).all(|pair| pair[0].code < pair[1].code));
        for check in ALL {
            for heading in ["What it does", "Why is this bad", "Example", "Fix", "作用", "为什么不好"]
            {
                assert!(!check.section(heading).is_empty(), "{} {heading}", check.code);
            }
            assert_ne!(check.title(Lang::Zh), check.title(Lang::En), "{}", check.code);
        }
    }
}
