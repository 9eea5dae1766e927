//! What stands over every view of a mechanism's records: its name, its views, filters, and what was saved.

use gongzhi_lang::model::{Mechanism, Type};
use gongzhi_lang::view::{Axis, Shape, View};
use gongzhi_service::State;
use gongzhi_service::listing::Show;
use gongzhi_service::saved::Lists;
use jiff::civil::Date;

use super::asked::Asked;
use super::cell;
use crate::i18n::t_with;
use crate::pages::names;
use crate::pages::visitor::Visitor;
use crate::pages::words::say;
use crate::view::{Choice, FilterSelect, Filters, Hidden, Link, ListHead, OptionGroup, SavedList, Tab};

/// Everything that the head of a page reads.
pub struct Head<'a> {
    pub visitor: &'a Visitor,
    pub state: &'a State,
    pub mechanism: &'a Mechanism,
    pub view: &'a View,
    pub asked: &'a Asked,
    pub lists: &'a Lists,
    /// The record above, where only its parts are shown.
    pub under: Option<Link>,
    /// The first of the months to choose from.
    pub first: Date,
}

impl Head<'_> {
    /// The head.
    pub fn made(&self) -> ListHead {
        let lang = self.visitor.lang;
        let asked = self.named();
        let tab = |view: &View| Tab {
            label: say(lang, &view.words),
            href: asked.with("view", &view.name).with("at", "").with("cols", "").href(),
            current: view.name == self.view.name,
            ..Tab::default()
        };
        let tabs: Vec<Tab> = self.mechanism.views.iter().map(tab).collect();
        let saved = self.lists.saved.iter().filter(|saved| saved.mechanism == self.mechanism.name);
        ListHead {
            title: say(lang, &self.mechanism.words),
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
            under: self.under.clone(),
            figures: match self.mechanism.indicators.is_empty() {
                true => String::new(),
                false => format!("/desk/figures/{}", self.mechanism.name),
            },
        }
    }

    /// The question with the mechanism and view that it means.
    pub fn named(&self) -> Asked {
        self.asked.with("mechanism", &self.mechanism.name).with("view", &self.view.name)
    }

    /// The names that narrow the list, with their values.
    fn active(&self) -> impl Iterator<Item = (&str, &str)> {
        let narrows = |name: &str| {
            name.starts_with("f.")
                || ["place", "kind", "unit", "state", "show", "month", "under"].contains(&name)
        };
        self.asked.pairs().filter(move |(name, _)| narrows(name))
    }

    fn filters(&self) -> Filters {
        let asked = self.named();
        let hidden = asked
            .pairs()
            .filter(|(name, _)| ["mechanism", "view", "cols", "at", "rows", "under"].contains(name));
        let bare = asked.bare();
        let active: Vec<Link> = self
            .active()
            .map(|(name, value)| Link::new(self.words(name, value), asked.with(name, "").href()))
            .collect();
        Filters {
            action: "/desk/list".into(),
            query: self.asked.get("q").to_owned(),
            hidden: hidden.map(|(name, value)| Hidden { name: name.into(), value: value.into() }).collect(),
            selects: self.selects(),
            clear_href: if active.is_empty() { String::new() } else { bare.href() },
            active,
        }
    }

    /// One filter in force, in words.
    fn words(&self, name: &str, value: &str) -> String {
        let lang = self.visitor.lang;
        match name {
            "place" => names::place(lang, self.state, value),
            "unit" => names::unit(lang, self.state, value),
            "kind" => match self.catalogue() {
                Some(catalogue) => names::entry(lang, self.state, catalogue, value),
                None => value.to_owned(),
            },
            "state" => cell::axis_value(lang, self.state, self.mechanism, "state", value),
            "show" => match Show::read(value) {
                Some(show) => self.visitor.t(&format!("show-{}", show.word())),
                None => value.to_owned(),
            },
            "month" => {
                let month = crate::pages::desk::board::month_words(lang, value);
                t_with(lang, "opened-in", [("x", month.into())])
            }
            "under" => match &self.under {
                Some(link) => t_with(lang, "under-record", [("x", link.label.clone().into())]),
                None => self.visitor.t("under-some"),
            },
            field => {
                let field = field.trim_start_matches("f.");
                let head = cell::axis_head(lang, self.mechanism, field);
                let colon = self.visitor.t("colon");
                format!("{head}{colon}{}", cell::axis_value(lang, self.state, self.mechanism, field, value))
            }
        }
    }

    fn catalogue(&self) -> Option<&str> {
        match &self.mechanism.field(self.mechanism.kind.as_deref()?)?.ty {
            Type::Entry(catalogue) => Some(catalogue),
            _ => None,
        }
    }

    fn selects(&self) -> Vec<FilterSelect> {
        let (lang, mechanism) = (self.visitor.lang, self.mechanism);
        let select = |name: &str, label: String, options: Vec<Choice>| FilterSelect {
            name: name.into(),
            label,
            groups: vec![OptionGroup { label: String::new(), options }],
        };
        let value = |name: &str| self.asked.get(name).to_owned();
        let shows =
            Show::ALL.map(|show| (show.word().to_owned(), self.visitor.t(&format!("show-{}", show.word()))));
        let mut selects = vec![select(
            "show",
            self.visitor.t("filter-show"),
            cell::choices(shows.to_vec(), self.asked.get("show"), str::to_owned),
        )];
        let own: Vec<&str> = self.view.filters.iter().map(String::as_str).collect();
        let axes: Vec<&str> = match &self.view.shape {
            Shape::Board { by } => vec![by.name()],
            Shape::Matrix { rows, columns, .. } => vec![rows.name(), columns.name()],
            _ => Vec::new(),
        };
        let stands = |name: &Option<String>| {
            name.as_deref().is_some_and(|name| !own.contains(&name) && !axes.contains(&name))
        };
        if mechanism.place.is_some() {
            let places = self.state.world.children(&self.state.world.county);
            let places = places.map(|place| (place.code.clone(), say(lang, &place.words))).collect();
            let words = |code: &str| names::place(lang, self.state, code);
            selects.push(select(
                "place",
                self.visitor.t("filter-place"),
                cell::choices(places, &value("place"), words),
            ));
        }
        if let Some(catalogue) = self.catalogue().filter(|_| stands(&mechanism.kind)) {
            let axis = Axis::Field(mechanism.kind.clone().unwrap_or_default());
            let kinds = cell::axis_values(lang, self.state, mechanism, &axis, self.first);
            let words = |code: &str| names::entry(lang, self.state, catalogue, code);
            let head = cell::axis_head(lang, mechanism, axis.name());
            selects.push(select("kind", head, cell::choices(kinds, &value("kind"), words)));
        }
        if let Some(unit) = mechanism.unit.as_ref().filter(|_| stands(&mechanism.unit)) {
            let axis = Axis::Field(unit.clone());
            let units = cell::axis_values(lang, self.state, mechanism, &axis, self.first);
            let words = |code: &str| names::unit(lang, self.state, code);
            selects.push(select(
                "unit",
                cell::axis_head(lang, mechanism, unit),
                cell::choices(units, &value("unit"), words),
            ));
        }
        if !axes.contains(&"state") {
            let states = cell::axis_values(lang, self.state, mechanism, &Axis::State, self.first);
            let words = |name: &str| cell::axis_value(lang, self.state, mechanism, "state", name);
            selects.push(select(
                "state",
                self.visitor.t("filter-state"),
                cell::choices(states, &value("state"), words),
            ));
        }
        for name in own.into_iter().filter(|name| !axes.contains(name)) {
            let values =
                cell::axis_values(lang, self.state, mechanism, &Axis::Field(name.to_owned()), self.first);
            let words = |value: &str| cell::axis_value(lang, self.state, mechanism, name, value);
            let key = format!("f.{name}");
            let options = cell::choices(values, self.asked.get(&key), words);
            selects.push(select(&key, cell::axis_head(lang, mechanism, name), options));
        }
        selects
    }
}
