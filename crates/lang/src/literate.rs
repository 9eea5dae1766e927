//! The literate layer: Markdown in, headings, prose and code out, each with its bytes.
//!
//! Only what the documents use is read: ATX headings, fenced code and everything between as prose.

use std::collections::BTreeMap;
use std::ops::Range;

use gongzhi_base::Words;

/// A piece of a document, in its order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Block {
    /// A heading; the title has level 1.
    Heading { level: u8, text: String, anchor: String, range: Range<usize> },
    /// Paragraphs, lists and tables as written.
    Prose { text: String, range: Range<usize> },
    /// Fenced code; the range covers the content without its fences.
    Code { language: String, text: String, range: Range<usize> },
}

/// Splits a document into its pieces.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut out = Vec::new();
    let mut anchors = BTreeMap::new();
    let mut prose: Option<Range<usize>> = None;
    let mut lines = lines(text).into_iter();
    while let Some(line) = lines.next() {
        let content = &text[line.clone()];
        if let Some(fence) = Fence::open(content) {
            flush(text, &mut prose, &mut out);
            let start = line.end;
            let mut end = start;
            for line in lines.by_ref() {
                end = line.start;
                if fence.closed_by(&text[line.clone()]) {
                    break;
                }
                end = line.end;
            }
            out.push(Block::Code {
                language: fence.language,
                text: text[start..end].to_owned(),
                range: start..end,
            });
        } else if let Some((level, words)) = heading(content) {
            flush(text, &mut prose, &mut out);
            let anchor = unique(slug(words), &mut anchors);
            out.push(Block::Heading { level, text: words.to_owned(), anchor, range: line });
        } else {
            let start = prose.map_or(line.start, |range| range.start);
            prose = Some(start..line.end);
        }
    }
    flush(text, &mut prose, &mut out);
    out
}

/// The ranges of the lines, each with its line break.
fn lines(text: &str) -> Vec<Range<usize>> {
    let mut start = 0;
    text.split_inclusive('\n')
        .map(|line| {
            let range = start..start + line.len();
            start = range.end;
            range
        })
        .collect()
}

fn flush(text: &str, prose: &mut Option<Range<usize>>, out: &mut Vec<Block>) {
    if let Some(range) = prose.take()
        && !text[range.clone()].trim().is_empty()
    {
        out.push(Block::Prose { text: text[range.clone()].to_owned(), range });
    }
}

/// A fence that opened code.
struct Fence {
    mark: char,
    length: usize,
    language: String,
}

impl Fence {
    fn open(line: &str) -> Option<Fence> {
        let content = line.trim_start_matches(' ');
        if line.len() - content.len() > 3 {
            return None;
        }
        let mark = content.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let length = content.chars().take_while(|c| *c == mark).count();
        let language = content[length..].split_whitespace().next().unwrap_or("").to_owned();
        (length >= 3 && !language.contains('`')).then_some(Fence { mark, length, language })
    }

    fn closed_by(&self, line: &str) -> bool {
        let content = line.trim();
        content.chars().count() >= self.length && content.chars().all(|c| c == self.mark)
    }
}

fn heading(line: &str) -> Option<(u8, &str)> {
    let level = line.bytes().take_while(|b| *b == b'#').count();
    let rest = &line[level..];
    let text = rest.trim().trim_end_matches('#').trim_end();
    (1..=6).contains(&level).then_some(())?;
    (rest.starts_with([' ', '\t']) && !text.is_empty()).then_some((level as u8, text))
}

/// The anchor of a heading: letters and digits of any script stay, ASCII in lower case; spaces
/// become hyphens; all else goes.
pub fn slug(heading: &str) -> String {
    let mut out = String::new();
    for c in heading.trim().chars() {
        match c {
            c if c.is_alphanumeric() || c == '_' => out.extend(c.to_lowercase()),
            c if (c.is_whitespace() || c == '-') && !out.is_empty() && !out.ends_with('-') => out.push('-'),
            _ => {}
        }
    }
    out.truncate(out.trim_end_matches('-').len());
    out
}

fn unique(anchor: String, seen: &mut BTreeMap<String, usize>) -> String {
    let count = seen.entry(anchor.clone()).or_insert(0);
    *count += 1;
    if *count == 1 { anchor } else { format!("{anchor}-{count}") }
}

/// The two languages of a title, written `中文 · English`; one of them alone leaves the other empty.
pub fn title_words(title: &str) -> Words {
    match title.split_once(" · ") {
        Some((zh, en)) => Words::new(zh.trim(), en.trim()),
        None if title.is_ascii() => Words::new("", title),
        None => Words::new(title, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_splits_into_headings_prose_and_code() {
        let text = "# 诉求 · Matter\n\n说明。\n## 一、受理 Intake\n```yaml\na: 1\n```\n尾\n";
        let blocks = blocks(text);
        assert_eq!(blocks.len(), 5);
        let Block::Heading { level: 2, anchor, .. } = &blocks[2] else { panic!("{blocks:?}") };
        assert_eq!(anchor, "一受理-intake");
        let Block::Code { language, range, .. } = &blocks[3] else { panic!("{blocks:?}") };
        assert_eq!((language.as_str(), &text[range.clone()]), ("yaml", "a: 1\n"));
    }

    #[test]
    fn equal_headings_get_different_anchors() {
        let anchors: Vec<_> = blocks("## 附则\n## 附则\n")
            .into_iter()
            .filter_map(|block| match block {
                Block::Heading { anchor, .. } => Some(anchor),
                _ => None,
            })
            .collect();
        assert_eq!(anchors, ["附则", "附则-2"]);
    }

    #[test]
    fn an_open_fence_runs_to_the_end() {
        assert_eq!(blocks("```yaml\na: 1").len(), 1);
        assert_eq!(blocks("````md\n```yaml\n```\n````\n").len(), 1);
    }

    #[test]
    fn titles_hold_both_languages() {
        assert_eq!(title_words("诉求 · Matter"), Words::new("诉求", "Matter"));
        assert_eq!(title_words("诉求"), Words::new("诉求", ""));
    }
}
