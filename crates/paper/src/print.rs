//! Printed pages: PDF set by Typst. What is printed is data that a fixed form sets; no text that people
//! typed is ever read as markup or code.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde::Serialize;
use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Dict, Duration, Str, Value};
use typst::syntax::{FileId, Source};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _, World};
use typst_layout::PagedDocument;
use typst_pdf::PdfOptions;

/// The form that sets a page.
const FORM: &str = include_str!("print.typ");
/// Where fonts lie on most systems.
const PLACES: [&str; 3] = ["/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/texmf/fonts"];
/// The setting that names another directory.
pub const SETTING: &str = "GONGZHI_FONTS";
/// Beginnings of the names of font files that hold Chinese, the best for print first.
const KNOWN: [&str; 8] = [
    "notoserifcjk",
    "notoserifsc",
    "sourcehanserif",
    "notosanscjk",
    "notosanssc",
    "sourcehansans",
    "wqy",
    "droidsansfallback",
];
/// Directories within a directory of fonts.
const DEEP: usize = 4;
/// Rounds after which what typesetting remembers is forgotten, so that memory does not grow.
const REMEMBERED: usize = 8;

/// A document to be printed.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Document {
    pub title: String,
    /// `zh` or `en`.
    pub lang: String,
    /// Whether the page lies on its side.
    pub landscape: bool,
    /// A line at the foot of every page.
    pub foot: String,
    pub blocks: Vec<Block>,
}

/// A piece of a document, from above.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Block {
    Heading {
        text: String,
    },
    /// Paragraphs, one a line.
    Text {
        text: String,
    },
    /// A line at the right, such as the date.
    Right {
        text: String,
    },
    /// Names with their values.
    Facts {
        facts: Vec<(String, String)>,
    },
    Table {
        columns: Vec<Column>,
        rows: Vec<Vec<Cell>>,
    },
}

/// A column of a table.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Column {
    pub heading: String,
    /// Its share of the width that is left; 0 for as much as its longest line takes.
    pub width: u16,
}

/// Halves of a full-width character that stay on one line: those of a whole date.
const SHORT: u16 = 16;

/// The share of a column by its longest line: what is short, as a date, stays on one line, and what is long shares the
/// rest within a bound so that none starves the others.
pub fn share<'t>(texts: impl Iterator<Item = &'t str>) -> u16 {
    // Halves of a full-width character.
    let halves = |line: &str| line.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<u16>();
    let longest = texts.flat_map(str::lines).map(halves).max();
    match longest.unwrap_or_default() {
        1..=SHORT => 0,
        long => long.clamp(5, 26) + 4,
    }
}

/// A cell; one that a cell above reaches down into is left out of its row.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Cell {
    pub text: String,
    /// Over how many rows it reaches.
    pub rows: usize,
}

/// Why nothing was printed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PrintFault {
    /// No font with Chinese characters was found.
    NoFonts,
    /// A fault of the form; for the operator.
    Broken(String),
}

/// The fonts of a server.
pub struct Fonts {
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    families: Vec<String>,
}

impl Fonts {
    /// The fonts of this server, looked for when something is printed first: in the directory that the
    /// environment names as [`SETTING`], else where systems keep them.
    pub fn system() -> Result<Arc<Fonts>, PrintFault> {
        static FOUND: OnceLock<Arc<Fonts>> = OnceLock::new();
        if let Some(found) = FOUND.get() {
            return Ok(found.clone());
        }
        let places: Vec<PathBuf> = match std::env::var_os(SETTING) {
            Some(place) => vec![place.into()],
            None => PLACES.iter().map(PathBuf::from).collect(),
        };
        let fonts = Arc::new(Fonts::under(&places)?);
        Ok(FOUND.get_or_init(|| fonts).clone())
    }

    /// The best family with Chinese characters under these directories, in its plain and bold forms.
    pub fn under(places: &[PathBuf]) -> Result<Fonts, PrintFault> {
        let mut files = Vec::new();
        places.iter().for_each(|place| gather(place, DEEP, &mut files));
        let rank = |path: &Path| -> Option<usize> {
            let name = path.file_name()?.to_str()?.to_lowercase().replace(['-', '_', ' '], "");
            KNOWN.iter().position(|known| name.starts_with(known))
        };
        let best = files.iter().filter_map(|path| rank(path)).min().ok_or(PrintFault::NoFonts)?;
        files.retain(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_lowercase();
            // Every weight costs tens of megabytes: the plain one and the bold one are enough.
            let weight = ["regular", "bold"].iter().any(|weight| name.contains(weight));
            let other = ["semibold", "extrabold", "demibold"].iter().any(|weight| name.contains(weight));
            rank(path) == Some(best) && (weight && !other || !name.contains('-'))
        });
        files.sort();
        let faces = files.iter().filter_map(|path| std::fs::read(path).ok());
        let faces: Vec<Font> = faces.flat_map(|bytes| Font::iter(Bytes::new(bytes))).collect();
        // A collection holds one face a country; ours is the simplified one.
        let ours = |font: &Font| {
            let family = &font.info().family;
            family.as_str().ends_with(" SC") && !family.as_str().contains("Mono")
        };
        let fonts: Vec<Font> = match faces.iter().any(ours) {
            true => faces.into_iter().filter(ours).collect(),
            false => faces,
        };
        if fonts.is_empty() {
            return Err(PrintFault::NoFonts);
        }
        let mut families: Vec<String> = fonts.iter().map(|font| font.info().family.to_string()).collect();
        families.sort();
        families.dedup();
        Ok(Fonts { book: LazyHash::new(FontBook::from_fonts(&fonts)), fonts, families })
    }
}

/// Font files in a directory.
fn gather(place: &Path, deep: usize, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            if deep > 0 {
                gather(&path, deep - 1, files);
            }
            continue;
        }
        let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase);
        if matches!(ending.as_deref(), Some("ttf" | "otf" | "ttc" | "otc")) {
            files.push(path);
        }
    }
}

/// What typesetting may see: the form, the data and the fonts; no file, no clock, no net.
struct Press {
    library: LazyHash<Library>,
    fonts: Arc<Fonts>,
    form: Source,
}

impl World for Press {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.fonts.book
    }

    fn main(&self) -> FileId {
        self.form.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        match id == self.form.id() {
            true => Ok(self.form.clone()),
            false => Err(FileError::AccessDenied),
        }
    }

    fn file(&self, _: FileId) -> FileResult<Bytes> {
        Err(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.fonts.get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

/// Sets a document's pages.
fn pages(document: &Document, fonts: &Arc<Fonts>) -> Result<PagedDocument, PrintFault> {
    let broken = |error: serde_json::Error| PrintFault::Broken(error.to_string());
    let mut inputs = Dict::new();
    let mut put = |name: &str, json: String| inputs.insert(Str::from(name), Value::Str(Str::from(json)));
    put("document", serde_json::to_string(document).map_err(broken)?);
    put("fonts", serde_json::to_string(&fonts.families).map_err(broken)?);
    let press = Press {
        library: LazyHash::new(Library::builder().with_inputs(inputs).build()),
        fonts: fonts.clone(),
        form: Source::detached(FORM),
    };
    typst::compile::<PagedDocument>(&press).output.map_err(told)
}

fn told(errors: typst::ecow::EcoVec<typst::diag::SourceDiagnostic>) -> PrintFault {
    let first = errors.first().map(|error| error.message.to_string());
    PrintFault::Broken(first.unwrap_or_default())
}

/// Prints a document.
pub fn pdf(document: &Document, fonts: &Arc<Fonts>) -> Result<Vec<u8>, PrintFault> {
    let bytes =
        pages(document, fonts).and_then(|pages| typst_pdf::pdf(&pages, &PdfOptions::default()).map_err(told));
    typst::comemo::evict(REMEMBERED);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use typst::layout::{Frame, FrameItem};

    fn text_of(frame: &Frame, out: &mut String) {
        for (_, item) in frame.items() {
            match item {
                FrameItem::Text(text) => out.push_str(&text.text),
                FrameItem::Group(group) => text_of(&group.frame, out),
                _ => {}
            }
        }
    }

    fn document() -> Document {
        let cell = |text: &str, rows| Cell { text: text.into(), rows };
        Document {
            title: "任务书 #panic(1)".into(),
            lang: "zh".into(),
            landscape: true,
            foot: "P2026-01 ]".into(),
            blocks: vec![
                Block::Heading { text: "一、*目标*".into() },
                Block::Text {
                    text: "#set page(width: 1cm)\n] #read(\"/etc/passwd\") $x$ \\ 第二段".into()
                },
                Block::Facts { facts: vec![("责任单位".into(), "#import \"x\": *\n]民政局[".into())] },
                Block::Table {
                    columns: vec![
                        Column { heading: "目标".into(), width: 2 },
                        Column { heading: "措施".into(), width: 3 },
                    ],
                    rows: vec![vec![cell("强 #emoji", 2), cell("甲", 1)], vec![cell("乙_丙_", 1)]],
                },
                Block::Right { text: "（盖章）".into() },
            ],
        }
    }

    #[test]
    fn what_people_typed_is_printed_as_it_is() {
        let fonts = match Fonts::system() {
            Ok(fonts) => fonts,
            // Without fonts nothing is printed, and that is what is said.
            Err(fault) => return assert_eq!(fault, PrintFault::NoFonts),
        };
        let set = pages(&document(), &fonts).expect("pages");
        let mut text = String::new();
        set.pages().iter().for_each(|page| text_of(&page.frame, &mut text));
        let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        for words in [
            "任务书#panic(1)",
            "一、*目标*",
            "#setpage(width:1cm)",
            "]#read(",
            "$x$",
            "第二段",
            "]民政局[",
            "强#emoji",
            "乙_丙_",
            "（盖章）",
            "P2026-01]",
        ] {
            assert!(plain.contains(words), "{words} is not in {plain}");
        }
        let bytes = pdf(&document(), &fonts).expect("a file");
        assert!(bytes.starts_with(b"%PDF-"));
        assert!(bytes.len() < 400_000, "the fonts are cut down to what is used: {}", bytes.len());
    }

    #[test]
    fn where_no_font_is_that_is_said() {
        let empty = std::env::temp_dir().join("gongzhi-no-fonts");
        assert!(matches!(Fonts::under(&[empty]), Err(PrintFault::NoFonts)));
    }
}
