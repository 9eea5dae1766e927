//! `gongzhi check`: faults of mechanism documents, all at once.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gongzhi_base::Lang;
use gongzhi_lang::{DataFile, Source};

use super::Fault;

/// Arguments of `gongzhi check`.
#[derive(clap::Args)]
pub struct Check {
    /// Documents, data files or directories of them.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// `text` for people, `json` for machines.
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    format: String,
    /// Language of the messages.
    #[arg(long, default_value = "zh", value_parser = ["zh", "en"])]
    lang: String,
}

/// Arguments of `gongzhi manual`.
#[derive(clap::Args)]
pub struct Manual {
    /// Language of the manual.
    #[arg(long, default_value = "en", value_parser = ["zh", "en"])]
    lang: String,
}

/// Prints the manual of the checks.
pub fn manual(args: &Manual) -> Result<(), Fault> {
    println!("{}", gongzhi_lang::manual(Lang::read(&args.lang).unwrap_or_default()));
    Ok(())
}

/// Runs it: 0 clean, 1 faults, 2 when a file cannot be read.
pub fn run(args: &Check) -> ExitCode {
    let (mut sources, mut data) = (Vec::new(), Vec::new());
    for path in &args.paths {
        if let Err(fault) = gather(path, &mut sources, &mut data) {
            eprintln!("gongzhi: {fault}");
            return ExitCode::from(2);
        }
    }
    let checked = gongzhi_kernel::example::check(&sources, &data);
    let lang = Lang::read(&args.lang).unwrap_or_default();
    if args.format == "json" {
        println!("{}", gongzhi_lang::to_json(&checked.diagnostics));
    } else {
        for diagnostic in &checked.diagnostics {
            let text = sources
                .iter()
                .find(|source| source.path == diagnostic.path)
                .map(|source| source.text.as_str())
                .or_else(|| {
                    data.iter().find(|file| file.name == diagnostic.path).map(|file| file.text.as_str())
                })
                .unwrap_or_default();
            println!("{}", gongzhi_lang::render(diagnostic, text, lang, false));
        }
    }
    if checked.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(1) }
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
    let text = std::fs::read_to_string(path).map_err(|e| Fault::new(format!("{}: {e}", path.display())))?;
    if path.extension().is_some_and(|extension| extension == "csv") {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        data.push(DataFile { name: name.to_owned(), text });
    } else {
        sources.push(Source { path: path.display().to_string(), text });
    }
    Ok(())
}
