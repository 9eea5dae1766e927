//! `gongzhi check`: faults of mechanism documents, all at once.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gongzhi_base::Lang;
use gongzhi_lang::{Checked, DataFile, Source};

use super::{Fault, say, words};

/// Arguments of `gongzhi check`.
#[derive(clap::Args)]
pub struct Check {
    /// Documents, data files or directories of them.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    burden: super::burden::Files,
    /// `text` for people, `json` for machines.
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    format: String,
}

/// Arguments of `gongzhi manual`.
#[derive(clap::Args)]
pub struct Manual {}

/// The language of this run, as the checks name it.
pub fn lang() -> Lang {
    Lang::read(words::lang().code()).unwrap_or_default()
}

/// Prints the manual of the checks.
pub fn manual(_: &Manual) -> Result<(), Fault> {
    say(&format!("{}\n", gongzhi_lang::manual(lang())))
}

/// Documents and data files as read, in the order of the diagnostics.
#[derive(Default)]
pub struct Texts {
    pub sources: Vec<Source>,
    pub data: Vec<DataFile>,
}

impl Texts {
    /// The index of the file that would be read next.
    pub fn next(&self) -> u32 {
        (self.sources.len() + self.data.len()) as u32
    }

    /// Prints diagnostics with the lines they stand on.
    pub fn print(&self, checked: &Checked, lang: Lang) -> Result<(), Fault> {
        for diagnostic in &checked.diagnostics {
            let sources = self.sources.iter().map(|source| (&source.path, &source.text));
            let mut all = sources.chain(self.data.iter().map(|file| (&file.name, &file.text)));
            let text = all.find(|(path, _)| **path == diagnostic.path).map_or("", |(_, text)| text.as_str());
            say(&format!("{}\n", gongzhi_lang::render(diagnostic, text, lang, false)))?;
        }
        Ok(())
    }
}

/// Reads documents, data files and directories of them.
pub fn read(paths: &[PathBuf]) -> Result<Texts, Fault> {
    let mut texts = Texts::default();
    for path in paths {
        gather(path, &mut texts.sources, &mut texts.data)?;
    }
    Ok(texts)
}

/// Runs it: 0 clean, 1 faults, 2 when a file cannot be read.
pub fn run(args: &Check) -> ExitCode {
    match print(args) {
        Ok(code) => code,
        Err(fault) => {
            eprintln!("gongzhi: {fault}");
            ExitCode::from(2)
        }
    }
}

fn print(args: &Check) -> Result<ExitCode, Fault> {
    let mut texts = read(&args.paths)?;
    let mut checked = gongzhi_kernel::example::check(&texts.sources, &texts.data);
    let lang = lang();
    if args.burden.given() {
        args.burden.check(&mut checked, &mut texts)?;
    }
    if args.format == "json" {
        say(&format!("{}\n", gongzhi_lang::to_json(&checked.diagnostics)))?;
    } else {
        texts.print(&checked, lang)?;
    }
    // Apart from what was found, so that silence is not taken for a budget that is kept.
    if !args.burden.held() {
        eprintln!("{}", words::words("burden-not-counted", []));
    }
    Ok(if checked.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn gather(path: &Path, sources: &mut Vec<Source>, data: &mut Vec<DataFile>) -> Result<(), Fault> {
    if path.is_dir() {
        let mut inner: Vec<PathBuf> = std::fs::read_dir(path)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        inner.sort();
        for path in inner.iter().filter(|path| path.extension().is_some_and(|e| e == "md" || e == "csv")) {
            gather(path, sources, data)?;
        }
        return Ok(());
    }
    let text = std::fs::read_to_string(path).map_err(|e| Fault::file(path, &e))?;
    if path.extension().is_some_and(|extension| extension == "csv") {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        data.push(DataFile { name: name.to_owned(), text });
    } else {
        sources.push(Source { path: path.display().to_string(), text });
    }
    Ok(())
}
