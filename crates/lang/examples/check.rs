//! Checks the documents and data files at the given paths and prints what was found.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gongzhi_base::Lang;
use gongzhi_lang::{DataFile, Source, check, render};

fn gather(path: &Path, out: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        out.push(path.to_owned());
        return Ok(());
    }
    let mut entries = std::fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    entries.sort();
    entries.iter().try_for_each(|entry| gather(entry, out))
}

fn main() -> std::io::Result<ExitCode> {
    let mut lang = Lang::En;
    let mut paths = Vec::new();
    for argument in std::env::args().skip(1) {
        match argument.strip_prefix("--lang=").and_then(Lang::read) {
            Some(chosen) => lang = chosen,
            None => gather(Path::new(&argument), &mut paths)?,
        }
    }
    let (mut sources, mut data) = (Vec::new(), Vec::new());
    for path in &paths {
        let text = || std::fs::read_to_string(path);
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("md") => sources.push(Source { path: path.display().to_string(), text: text()? }),
            Some("csv") => {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                data.push(DataFile { name, text: text()? });
            }
            _ => {}
        }
    }
    let checked = check(&sources, &data);
    for diagnostic in &checked.diagnostics {
        let texts = sources
            .iter()
            .map(|one| (&one.path, &one.text))
            .chain(data.iter().map(|one| (&one.name, &one.text)));
        let text = texts.into_iter().find(|(path, _)| **path == diagnostic.path).map_or("", |(_, text)| text);
        println!("{}\n", render(diagnostic, text, lang, false));
    }
    println!(
        "{} diagnostics; mechanisms without errors: {:?}",
        checked.diagnostics.len(),
        checked.library.mechanisms.keys()
    );
    Ok(if checked.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
