//! The mechanism language: literate documents in, diagnostics and checked mechanisms out.
//!
//! The form of the language is told in `docs/language.md`. [`check`] reads as the pipeline:
//! Markdown → blocks → YAML → declarations → names and types → checks → library.

mod assemble;
mod ast;
pub mod burden;
mod catalogue;
pub mod checks;
mod constraint;
mod decode;
mod diagnostic;
pub mod dictionary;
pub mod example;
pub mod expr;
mod flow;
mod inherit;
pub mod literate;
mod locale;
mod manual;
pub mod model;
pub mod notice;
mod offer;
pub mod print;
mod published;
mod render;
pub mod sheet;
mod source;
mod suggest;
mod typing;
pub mod view;
mod walk;
mod world;
mod yaml;

pub use diagnostic::{Arg, Diagnostic, Fault, Severity};
pub use manual::manual;
pub use model::Library;
pub use render::{render, to_json};
pub use source::{At, DataFile, Source, Word};

use diagnostic::Faults;
use literate::Block;
use world::World;

/// What came out of a check.
#[derive(Debug, Default)]
pub struct Checked {
    /// The mechanisms without errors, with everything they rest on.
    pub library: Library,
    /// Worked examples, to be replayed by the kernel.
    pub examples: Vec<example::Example>,
    pub settings: Vec<example::Setting>,
    /// All faults, in the order of the texts.
    pub diagnostics: Vec<Diagnostic>,
}

impl Checked {
    /// Adds faults found right of this crate, by replaying examples or counting the burden.
    pub fn add(&mut self, found: Vec<Fault>, sources: &[Source], data: &[DataFile]) {
        if found.is_empty() {
            return;
        }
        let outlines: Vec<Vec<Block>> = sources.iter().map(|source| literate::blocks(&source.text)).collect();
        let mut faults = Faults::default();
        found.into_iter().for_each(|fault| faults.add(fault));
        self.diagnostics.extend(faults.told(sources, &outlines, data));
        let place = |path: &str| sources.iter().position(|source| source.path == path);
        self.diagnostics.sort_by_key(|one| (place(&one.path).unwrap_or(usize::MAX), one.span.start));
    }

    /// Whether no error was found; warnings may have been.
    pub fn is_clean(&self) -> bool {
        self.diagnostics.iter().all(|diagnostic| diagnostic.severity != Severity::Error)
    }
}

/// Checks the documents of one county together, with the data files that they name.
pub fn check(sources: &[Source], data: &[DataFile]) -> Checked {
    let mut faults = Faults::default();
    let outlines: Vec<Vec<Block>> = sources.iter().map(|source| literate::blocks(&source.text)).collect();
    let mut documents = decode::decode(sources, &outlines, &mut faults);
    inherit::inherit(&mut documents, &mut faults);
    let mut catalogues = catalogue::load(&documents, sources.len(), data, &mut faults);
    let own = [dictionary::catalogue, dictionary::mechanisms, dictionary::roles].map(|own| own(&documents));
    for (declared, built) in own {
        let name = declared.name.value.clone();
        // A county that declares its own catalogue of this name keeps it.
        if !documents.catalogues.iter().any(|one| one.name.value == name) {
            documents.catalogues.push(declared);
            catalogues.insert(name, built);
        }
    }
    let world = World { documents: &documents, catalogues: &catalogues };
    typing::check(&world, &mut faults);
    checks::run(&world, &outlines, &mut faults);
    let library = assemble::library(&world, sources, &outlines, &faults);
    let diagnostics = faults.told(sources, &outlines, data);
    Checked { library, examples: documents.examples, settings: documents.settings, diagnostics }
}
