//! `gongzhi receipt`: what a receipt proves, checked offline and without the county's server.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gongzhi_kernel::note::{LogKey, Note};
use gongzhi_kernel::receipt::Trust;
use gongzhi_service::log::read_list;
use gongzhi_service::receipt::LONGEST;
use gongzhi_web::i18n::t;
use gongzhi_web::receipt;

use super::Fault;
use super::words::lang;

/// Arguments of `gongzhi receipt`.
#[derive(clap::Args)]
pub struct Receipt {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Check a receipt; exit code 0 if it proves what it says, 1 if not, 2 when a file cannot be read.
    Verify(Verify),
    /// Print what a receipt says, without checking it.
    Show(Show),
}

#[derive(clap::Args)]
struct Verify {
    /// The receipt's file, `-` for standard input, or the address in its QR code.
    #[arg(value_name = "FILE")]
    file: String,
    /// A key of the log that you trust, or a file of keys; without any, the receipt's own are taken.
    #[arg(long, value_name = "FILE|KEY")]
    key: Vec<String>,
    /// A checkpoint of the log that you have from elsewhere.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// `text` for people, `json` for machines.
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    format: String,
}

#[derive(clap::Args)]
struct Show {
    /// The receipt's file, `-` for standard input, or the address in its QR code.
    #[arg(value_name = "FILE")]
    file: String,
}

/// Runs it: 0 proves, 1 proves nothing, 2 when a file cannot be read.
pub fn run(args: &Receipt) -> ExitCode {
    let done = match &args.what {
        What::Verify(args) => verify(args),
        What::Show(args) => show(args),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(fault) => {
            eprintln!("gongzhi: {fault}");
            ExitCode::from(2)
        }
    }
}

fn verify(args: &Verify) -> Result<bool, Fault> {
    let lang = lang();
    let text = text_of(&args.file)?;
    let mut trust = Trust::default();
    for key in &args.key {
        trust.keys.extend(keys(key)?);
    }
    if let Some(path) = &args.checkpoint {
        let note: Note = text_at(path)?
            .parse()
            .map_err(|_| Fault::told("not-checkpoint", [("file", path.display().to_string())]))?;
        trust.log = Some(note);
    }
    let json = args.format == "json";
    let Some((receipt, reading)) = receipt::read(&text) else {
        match json {
            true => println!("{}", receipt::fault_json(lang, None)),
            false => println!("{}\n{}", t(lang, "verify-bad"), t(lang, "receipt-fault-unreadable")),
        }
        return Ok(false);
    };
    match receipt.verify(&trust) {
        Ok(proven) if json => println!("{}", receipt::proven_json(&proven)),
        Ok(proven) => print!("{}", receipt::told(lang, &proven, &reading)),
        Err(fault) => {
            match json {
                true => println!("{}", receipt::fault_json(lang, Some(&fault))),
                false => println!("{}\n{}", t(lang, "verify-bad"), receipt::fault_words(lang, &fault)),
            }
            return Ok(false);
        }
    }
    Ok(true)
}

fn show(args: &Show) -> Result<bool, Fault> {
    let lang = lang();
    match receipt::read(&text_of(&args.file)?) {
        Some((receipt, reading)) => print!("{}", receipt::shown(lang, &receipt, &reading)),
        None => {
            println!("{}", t(lang, "receipt-fault-unreadable"));
            return Ok(false);
        }
    }
    Ok(true)
}

/// A key as it stands, perhaps with its sizes, or the keys of a file.
fn keys(key: &str) -> Result<Vec<LogKey>, Fault> {
    if let Ok(key) = key.parse() {
        return Ok(vec![key]);
    }
    let path = Path::new(key);
    let list = read_list(&text_at(path)?).filter(|list| !list.is_empty());
    list.ok_or_else(|| Fault::told("not-keys", [("file", path.display().to_string())]))
}

fn text_of(name: &str) -> Result<String, Fault> {
    if name == "-" {
        let mut text = String::new();
        std::io::stdin().take(LONGEST as u64 + 1).read_to_string(&mut text)?;
        return Ok(text);
    }
    // An address from a QR code names no file.
    if name.contains("/verify#") || !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(name.to_owned());
    }
    text_at(Path::new(name))
}

fn text_at(path: &Path) -> Result<String, Fault> {
    let file = std::fs::File::open(path).map_err(|error| Fault::file(path, &error))?;
    let mut bytes = Vec::new();
    // Longer files are no receipts; the reader says so.
    file.take(LONGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
