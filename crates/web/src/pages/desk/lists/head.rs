//! What stands over every view of a mechanism's records: its name, its views, filters, and what was saved.

use gongzhi_lang::model::Type;
use gongzhi_lang::view::{Axis, Shape, View};
use gongzhi_service::listing::Show;
use jiff::civil::Date;

use super::apart;
use super::asked::Asked;
use super::cell;
use super::page::Seen;
use crate::i18n::t_with;
use crate::pages::names;
use crate::pages::record::new;
use crate::pages::words::say;
use crate::view::{Choice, FilterSelect, Filters, Hidden, Link, ListHead, OptionGroup, SavedList, Tab};

/// Everything that the head of a page reads.
pub struct Head<'a> {
    pub seen: &'a Seen<'a>,
    /// The first of the months to choose from.
    pub first: Date,
}

impl Head<'_> {
    /// The head.
    pub fn made(&self) -> ListHead {
        let lang = self.seen.visitor.lang;
        let asked = self.named();
        let tab = |view: &View| Tab {
            label: say(lang, &view.words),
            href: asked.with("view", &view.name).with("at", "").with("cols", "").href(),
            current: view.name == self.seen.view.name,
            ..Tab::default()
        };
        let tabs: Vec<Tab> = self.seen.mechanism.views.iter().map(tab).collect();
        let saved = self.seen.lists.saved.iter().filter(|saved| saved.mechanism == self.seen.mechanism.name);
        ListHead {
            title: say(lang, &self.seen.mechanism.words),
            tabs: if tabs.len() > 1 { tabs } else { Vec::new() },
            filters: Some(self.filters()),
            saved: saved
                .map(|saved| SavedList {
                    name: saved.name.clone(),
                    href: Asked::read(&saved.query).href(),
                    current: Asked::read(&saved.query) == asked,
                })
                .collect(),
            query: asked.query(),
            may_save: self.active().next().is_some(),
            apart: apart::choice(
                lang,
                self.seen.state,
                self.seen.mechanism,
                self.seen.apart,
                &asked,
                "/desk/list",
            ),
            under: self.seen.under.clone(),
            enter: new::to_enter(self.seen.visitor, self.seen.mechanism, self.seen.me, self.seen.state),
            import: self.import(),
            figures: match self.seen.mechanism.indicators.is_empty() {
                true => String::new(),
                false => {
                    let under = asked.get("under");
                    let under = Some(under).filter(|_| apart::chosen(self.seen.apart, self.seen.asked));
                    let under = under.map(|under| format!("?under={under}")).unwrap_or_default();
                    format!("/desk/figures/{}{under}", self.seen.mechanism.name)
                }
            },
        }
    }

    /// The way to the import of a register.
    fn import(&self) -> Option<Link> {
        let mechanism = self.seen.mechanism;
        let sheet = self.seen.app.service.register_sheet(&self.seen.me.actor(), &mechanism.name)?;
        let words = say(self.seen.visitor.lang, &mechanism.words);
        let label = t_with(self.seen.visitor.lang, "import-link", [("x", words.into())]);
        sheet.may_import.then(|| Link::new(label, format!("/desk/import/{}", mechanism.name)))
    }

    /// The question with the mechanism and view that it means.
    pub fn named(&self) -> Asked {
        self.seen.asked.with("mechanism", &self.seen.mechanism.name).with("view", &self.seen.view.name)
    }

    /// The names that narrow the list, with their values.
    fn active(&self) -> impl Iterator<Item = (&str, &str)> {
        let narrows = |name: &str| {
            name.starts_with("f.")
                || ["place", "kind", "unit", "state", "show", "month", "under"].contains(&name)
        };
        let chosen = apart::chosen(self.seen.apart, self.seen.asked);
        self.seen.asked.pairs().filter(move |(name, _)| narrows(name) && !(chosen && *name == "under"))
    }

    fn filters(&self) -> Filters {
        let asked = self.named();
        let hidden = asked
            .pairs()
            .filter(|(name, _)| ["mechanism", "view", "cols", "at", "rows", "under"].contains(name));
        let bare = match apart::chosen(self.seen.apart, self.seen.asked) {
            true => asked.bare().with("under", asked.get("under")),
            false => asked.bare(),
        };
        let active: Vec<Link> = self
            .active()
            .map(|(name, value)| Link::new(self.words(name, value), asked.with(name, "").href()))
            .collect();
        Filters {
            action: "/desk/list".into(),
            query: self.seen.asked.get("q").to_owned(),
            hidden: hidden.map(|(name, value)| Hidden { name: name.into(), value: value.into() }).collect(),
            selects: self.selects(),
            clear_href: if active.is_empty() { String::new() } else { bare.href() },
            active,
        }
    }

    /// One filter in force, in words.
    fn words(&self, name: &str, value: &str) -> String {
        let lang = self.seen.visitor.lang;
        match name {
            "place" => names::place(lang, self.seen.state, value),
            "unit" => names::unit(lang, self.seen.state, value),
            "kind" => match self.catalogue() {
                Some(catalogue) => names::entry(lang, self.seen.state, catalogue, value),
                None => value.to_owned(),
            },
            "state" => cell::axis_value(lang, self.seen.state, self.seen.mechanism, "state", value),
            "show" => match Show::read(value) {
                Some(show) => self.seen.visitor.t(&format!("show-{}", show.word())),
                None => value.to_owned(),
            },
            "month" => {
                let month = crate::pages::desk::board::month_words(lang, value);
                t_with(lang, "opened-in", [("x", month.into())])
            }
            "under" => match &self.seen.under {
                Some(link) => t_with(lang, "under-record", [("x", link.label.clone().into())]),
                None => self.seen.visitor.t("under-some"),
            },
            field => {
                let field = field.trim_start_matches("f.");
                let head = cell::axis_head(lang, self.seen.mechanism, field);
                let colon = self.seen.visitor.t("colon");
                format!(
                    "{head}{colon}{}",
                    cell::axis_value(lang, self.seen.state, self.seen.mechanism, field, value)
                )
            }
        }
    }

    fn catalogue(&self) -> Option<&str> {
        match &self.seen.mechanism.field(self.seen.mechanism.kind.as_deref()?)?.ty {
            Type::Entry(catalogue) => Some(catalogue),
            _ => None,
        }
    }

    fn selects(&self) -> Vec<FilterSelect> {
        let (lang, mechanism) = (self.seen.visitor.lang, self.seen.mechanism);
        let select = |name: &str, label: String, options: Vec<Choice>| FilterSelect {
            name: name.into(),
            label,
            groups: vec![OptionGroup { label: String::new(), options }],
        };
        let value = |name: &str| self.seen.asked.get(name).to_owned();
        let shows = Show::ALL
            .map(|show| (show.word().to_owned(), self.seen.visitor.t(&format!("show-{}", show.word()))));
        let mut selects = vec![select(
            "show",
            self.seen.visitor.t("filter-show"),
            cell::choices(shows.to_vec(), self.seen.asked.get("show"), str::to_owned),
        )];
        let own: Vec<&str> = self.seen.view.filters.iter().map(String::as_str).collect();
        let axes: Vec<&str> = match &self.seen.view.shape {
            Shape::Board { by } => vec![by.name()],
            Shape::Matrix { rows, columns, .. } => vec![rows.name(), columns.name()],
            _ => Vec::new(),
        };
        let stands = |name: &Option<String>| {
            name.as_deref().is_some_and(|name| !own.contains(&name) && !axes.contains(&name))
        };
        if mechanism.place.is_some() {
            let places = self.seen.state.world.children(&self.seen.state.world.county);
            let places = places.map(|place| (place.code.clone(), say(lang, &place.words))).collect();
            let words = |code: &str| names::place(lang, self.seen.state, code);
            selects.push(select(
                "place",
                self.seen.visitor.t("filter-place"),
                cell::choices(places, &value("place"), words),
            ));
        }
        if let Some(catalogue) = self.catalogue().filter(|_| stands(&mechanism.kind)) {
            let axis = Axis::Field(mechanism.kind.clone().unwrap_or_default());
            let kinds = cell::axis_values(lang, self.seen.state, mechanism, &axis, self.first);
            let words = |code: &str| names::entry(lang, self.seen.state, catalogue, code);
            let head = cell::axis_head(lang, mechanism, axis.name());
            selects.push(select("kind", head, cell::choices(kinds, &value("kind"), words)));
        }
        if let Some(unit) = mechanism.unit.as_ref().filter(|_| stands(&mechanism.unit)) {
            let axis = Axis::Field(unit.clone());
            let units = cell::axis_values(lang, self.seen.state, mechanism, &axis, self.first);
            let words = |code: &str| names::unit(lang, self.seen.state, code);
            selects.push(select(
                "unit",
                cell::axis_head(lang, mechanism, unit),
                cell::choices(units, &value("unit"), words),
            ));
        }
        if !axes.contains(&"state") {
            let states = cell::axis_values(lang, self.seen.state, mechanism, &Axis::State, self.first);
            let words = |name: &str| cell::axis_value(lang, self.seen.state, mechanism, "state", name);
            selects.push(select(
                "state",
                self.seen.visitor.t("filter-state"),
                cell::choices(states, &value("state"), words),
            ));
        }
        for name in own.into_iter().filter(|name| !axes.contains(name)) {
            let values = cell::axis_values(
                lang,
                self.seen.state,
                mechanism,
                &Axis::Field(name.to_owned()),
                self.first,
            );
            let words = |value: &str| cell::axis_value(lang, self.seen.state, mechanism, name, value);
            let key = format!("f.{name}");
            let options = cell::choices(values, self.seen.asked.get(&key), words);
            selects.push(select(&key, cell::axis_head(lang, mechanism, name), options));
        }
        selects
    }
}
