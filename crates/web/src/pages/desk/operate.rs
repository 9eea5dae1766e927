//! What keeps the county running, for whoever administers: the ledger and its keys, messages, what opens by itself,
//! and which command looks after the rest.

use axum::extract::State;

use crate::app::App;
use crate::i18n::t_with;
use crate::pages::problem::{Answer, Trouble, ok};
use crate::pages::rows::moment;
use crate::pages::visitor::{Me, Visitor};
use crate::view::{Fact, Link, TextPage, TextSection, format};

/// Commands of the program that look after a county, in the order in which they are needed, and the key of what each
/// does.
const COMMANDS: [(&str, &str); 9] = [
    ("gongzhi doctor", "operate-doctor"),
    ("gongzhi backup", "operate-backup"),
    ("gongzhi restore", "operate-restore"),
    ("gongzhi erasures", "operate-erasures"),
    ("gongzhi rebuild", "operate-rebuild"),
    ("gongzhi recount", "operate-recount"),
    ("gongzhi move", "operate-move"),
    ("gongzhi key", "operate-key"),
    ("gongzhi log", "operate-log"),
];

/// `GET /desk/operate`
pub async fn page(State(app): State<App>, visitor: Visitor, me: Me) -> Answer {
    let actor = me.actor();
    let read = app.read(move |service| {
        let (_, _, waiting) = service.dead_letters(&actor, None, 1)?;
        Ok((waiting, service.openings(&actor)?, service.checkpoint()?))
    });
    let (waiting, rounds, signed) =
        read.await.map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    let (lang, state, now) = (visitor.lang, app.service.state(), app.service.now());
    let count = |key: &str, n: u64| visitor.fact(key, format::number(n as i64));
    let mut ledger = super::audit::checkpoint_facts(&visitor, &signed.checkpoint);
    ledger.extend(signed.keys.iter().map(|key| {
        let note =
            key.to.map(|to| t_with(lang, "operate-retired", [("n", format::number(to as i64).into())]));
        Fact { note: note.unwrap_or_default(), ..visitor.fact("audit-signed", key.key.to_string()) }
    }));
    let title = visitor.t("operate-title");
    Ok(ok(&TextPage {
        s: visitor.desk_shell(&app, &me, title.clone()),
        title,
        sections: vec![
            TextSection {
                title: visitor.t("operate-ledger"),
                facts: ledger,
                links: ["/log/checkpoint", "/log/keys"].map(|href| Link::new(href, href)).into(),
                ..TextSection::default()
            },
            TextSection {
                title: visitor.t("operate-messages"),
                facts: vec![
                    Fact { href: "/desk/dead-letters".into(), ..count("letters-dead", waiting.dead) },
                    count("letters-waiting", waiting.waiting),
                ],
                ..TextSection::default()
            },
            TextSection {
                title: visitor.t("rounds-title"),
                paragraphs: vec![t_with(lang, "operate-rounds", [("n", (rounds.len() as i64).into())])],
                links: vec![Link::new(visitor.t("operate-rounds-open"), "/desk/rounds")],
                ..TextSection::default()
            },
            TextSection {
                title: visitor.t("operate-commands"),
                paragraphs: vec![visitor.t("operate-commands-lead")],
                facts: COMMANDS
                    .map(|(command, key)| Fact {
                        label: command.to_owned(),
                        value: visitor.t(key),
                        ..Fact::default()
                    })
                    .into(),
                ..TextSection::default()
            },
            TextSection {
                paragraphs: vec![t_with(
                    lang,
                    "operate-as-of",
                    [("x", moment(lang, &state, now, now).into()), ("v", env!("CARGO_PKG_VERSION").into())],
                )],
                ..TextSection::default()
            },
        ],
    }))
}

/// The way to a page below this one.
pub fn crumbs(visitor: &Visitor, title: &str) -> Vec<Link> {
    let here = Link { label: visitor.t(title), ..Link::default() };
    vec![Link::new(visitor.t("operate-title"), "/desk/operate"), here]
}
