//! All declarations together: where names are looked up.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ast::{self, Documents, Mechanism};
use crate::model::Catalogue;

/// Everything that names may refer to.
pub struct World<'a> {
    pub documents: &'a Documents,
    /// Catalogues whose data file could be read.
    pub catalogues: &'a BTreeMap<String, Arc<Catalogue>>,
}

impl<'a> World<'a> {
    /// A mechanism by name; the first of equal names.
    pub fn mechanism(&self, name: &str) -> Option<&'a Mechanism> {
        self.documents.mechanisms.iter().find(|mechanism| mechanism.name.value == name)
    }

    /// Names of the mechanisms above one, from its parent up. One that stands above itself ends it.
    pub fn above(&self, mechanism: &'a Mechanism) -> Vec<&'a str> {
        let mut names: Vec<&str> = Vec::new();
        let mut at = Some(mechanism);
        while let Some(parent) = at.and_then(|mechanism| mechanism.parent.as_ref()) {
            if names.contains(&parent.text()) {
                break;
            }
            names.push(parent.text());
            at = self.mechanism(parent.text());
        }
        names
    }

    /// Names of all mechanisms.
    pub fn mechanism_names(&self) -> impl Iterator<Item = &'a str> {
        self.documents.mechanisms.iter().map(|mechanism| mechanism.name.text())
    }

    /// The mechanism whose records are the entries of a register.
    pub fn register(&self, name: &str) -> Option<&'a Mechanism> {
        self.documents.mechanisms.iter().find(|mechanism| mechanism.is_register(name))
    }

    /// A role by name.
    pub fn role(&self, name: &str) -> Option<&'a ast::Role> {
        self.documents.roles.iter().find(|role| role.name.value == name)
    }

    /// Names of all roles.
    pub fn role_names(&self) -> impl Iterator<Item = &'a str> {
        self.documents.roles.iter().map(|role| role.name.text())
    }

    /// A catalogue's declaration by name.
    pub fn catalogue(&self, name: &str) -> Option<&'a ast::Catalogue> {
        self.documents.catalogues.iter().find(|catalogue| catalogue.name.value == name)
    }

    /// Names of all catalogues.
    pub fn catalogue_names(&self) -> impl Iterator<Item = &'a str> {
        self.documents.catalogues.iter().map(|catalogue| catalogue.name.text())
    }
}
