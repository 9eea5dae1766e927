//! Records found by words and numbers, over all mechanisms: a page at a time, and how many there are.

use crate::app::App;
use crate::i18n::t_with;
use crate::pages::desk::export;
use crate::pages::problem::{Answer, Trouble, ok};
use crate::pages::rows::record_row;
use crate::pages::visitor::{Me, Visitor};
use crate::view::{Filters, Hidden, Paging, RecordList, SearchPage, format};

use super::asked::Asked;

/// Records of a page.
const PAGE: usize = 50;
/// Up to here they are counted; of more it is said that there are more.
const COUNTED: usize = 1_000;

/// The page.
pub async fn page(app: &App, visitor: &Visitor, me: &Me, asked: &Asked) -> Answer {
    let (actor, text) = (me.actor(), asked.get("q").trim().to_owned());
    let last = export::MOST / PAGE;
    let at = asked.get("at").parse::<usize>().unwrap_or(1).clamp(1, last);
    // One more than is shown tells whether there are more.
    let most = COUNTED.max(at * PAGE) + 1;
    let found = app.read(move |service| service.search(&actor, &text, most as u32)).await;
    let found = found.map_err(|failure| Trouble::at_desk(app, visitor, me, &failure))?;
    let (state, now) = (app.service.state(), app.service.now());
    let rows = found.iter().skip((at - 1) * PAGE).take(PAGE);
    let rows: Vec<_> = rows.map(|row| record_row(visitor.lang, &state, row, now)).collect();
    let hidden = asked.pairs().filter(|(name, _)| *name == "mechanism");
    let list = RecordList {
        filters: Some(Filters {
            action: "/desk/list".into(),
            query: asked.get("q").to_owned(),
            hidden: hidden.map(|(name, value)| Hidden { name: name.into(), value: value.into() }).collect(),
            ..Filters::default()
        }),
        downloads: export::links(
            visitor,
            "/desk/export/search",
            &asked.with("at", "").query(),
            !rows.is_empty(),
        ),
        paging: Paging {
            shown: shown(visitor, found.len(), most, (at - 1) * PAGE, rows.len()),
            first_href: if at > 1 { asked.with("at", "").href() } else { String::new() },
            next_href: match at < last && found.len() > at * PAGE {
                true => asked.with("at", &(at + 1).to_string()).href(),
                false => String::new(),
            },
        },
        rows,
        ..RecordList::default()
    };
    Ok(ok(&SearchPage { s: visitor.desk_shell(app, me, visitor.t("search-title")), list }))
}

/// Which of how many are shown, in words; nothing where there are none.
fn shown(visitor: &Visitor, found: usize, most: usize, before: usize, rows: usize) -> String {
    if rows == 0 {
        return String::new();
    }
    let number = |n: usize| format::number(n as i64);
    let (all, key) = match found < most {
        true => (found, "search-shown"),
        false => (most - 1, "search-shown-more"),
    };
    let pairs = [
        ("from", number(before + 1).into()),
        ("to", number(before + rows).into()),
        ("n", number(all).into()),
    ];
    t_with(visitor.lang, key, pairs)
}
