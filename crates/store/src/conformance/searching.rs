//! Search: exact recall in both languages, and never a row outside the scope.

use gongzhi_base::RecordId;
use gongzhi_base::words::query_terms;
use gongzhi_kernel::project::{place_token, unit_token};
use gongzhi_lang::model::Level;

use super::Make;
use super::fixture::{Book, Dice, MATTER, id, record, with_scopes, with_text};
use super::lists::sees;
use crate::{Ledger, Scope, ScopePart, Stored, Within};

const TEXTS: [&str; 8] = [
    "阳庄村从昨天晚上开始停水，到现在还没来",
    "路灯不亮，水管漏水",
    "Street light broken near the school, No. 12",
    "学校门口停车乱停 parking",
    "垃圾没人收，𬭸街 ＡＢＣ１２３",
    "水",
    "broken water pipe 停水3天",
    "Café Zoë 小区噪声",
];

/// Of two the codes begin alike.
const VILLAGES: [&str; 4] = ["v0", "v1", "v1-2", "v2"];

fn find(ledger: &dyn Ledger, scope: &Scope, text: &str) -> Vec<RecordId> {
    ledger.search(scope, &query_terms(text), 50).expect("a search").iter().map(|row| row.id).collect()
}

/// Lower case, full-width folded: what a reader would call the same text.
fn folded(text: &str) -> String {
    text.chars()
        .map(|c| match c as u32 {
            wide @ 0xFF01..=0xFF5E => char::from_u32(wide - 0xFEE0).unwrap_or(c),
            _ => c,
        })
        .flat_map(char::to_lowercase)
        .collect()
}

pub(super) fn recall(make: Make<'_>) {
    let mut book = Book::new(make());
    book.put(TEXTS.iter().enumerate().map(|(n, text)| with_text(record(n as u64), text)).collect())
        .expect("committed");
    let ledger = &*book.ledger;
    // Every part of every Chinese run, of one to four characters, finds exactly the texts that hold it.
    for text in TEXTS {
        let runs: Vec<Vec<char>> = folded(text)
            .split(|c: char| c.is_ascii() || !c.is_alphanumeric())
            .map(|run| run.chars().filter(|c| *c as u32 >= 0x3400).collect())
            .collect();
        for run in runs {
            for width in 1..=4 {
                for part in run.windows(width) {
                    let part: String = part.iter().collect();
                    let wanted: Vec<RecordId> = (0..TEXTS.len())
                        .rev()
                        .filter(|n| folded(TEXTS[*n]).contains(&part))
                        .map(|n| id(n as u64))
                        .collect();
                    assert_eq!(find(ledger, &Scope::All, &part), wanted, "{part}");
                }
            }
        }
    }
    for (asked, wanted) in [
        ("BROKEN", vec![6, 2]),
        ("brok", vec![6, 2]),
        ("broken light", vec![2]),
        ("light broken", vec![2]),
        ("12", vec![2]),
        ("abc123", vec![4]),
        ("停水 3", vec![6]),
        ("停水 pipe", vec![6]),
        ("café", vec![7]),
        ("parking 停车", vec![3]),
        ("水停", vec![]),
        ("nothing", vec![]),
        ("text:水", vec![]),
        ("\" OR 水 *", vec![]),
        ("", vec![]),
        ("，。", vec![]),
    ] {
        let wanted: Vec<RecordId> = wanted.into_iter().map(id).collect();
        assert_eq!(find(ledger, &Scope::All, asked), wanted, "{asked}");
    }
    assert_eq!(ledger.search(&Scope::All, &query_terms("水"), 2).map(|rows| rows.len()), Ok(2));
}

/// Words are found again after a rebuild, also by who looked before, and go on being changed.
pub(super) fn rebuilt(make: Make<'_>) {
    let mut book = Book::new(make());
    let all = || (1..=40).map(|n| with_text(record(n), if n % 10 == 7 { "井盖松动" } else { "路灯不亮" }));
    book.put(all().collect()).expect("committed");
    let ids = |numbers: &[u64]| numbers.iter().map(|n| id(*n)).collect::<Vec<_>>();
    let search = |book: &Book, text| find(&*book.ledger, &Scope::All, text);
    assert_eq!(search(&book, "井盖"), ids(&[37, 27, 17, 7]));
    for _ in 0..2 {
        book.ledger.begin_rebuild().expect("begun");
        assert_eq!(search(&book, "路灯"), ids(&[]));
        let mut records: Vec<_> = all().collect();
        while !records.is_empty() {
            let some = records.drain(..records.len().min(15)).collect();
            book.ledger.put_derived(&crate::Batch { records: some, ..crate::Batch::default() }).expect("put");
        }
        book.ledger.end_rebuild().expect("ended");
        assert_eq!(search(&book, "井盖"), ids(&[37, 27, 17, 7]));
        assert_eq!(search(&book, "路灯").len(), 36);
    }
    let mut other = with_text(record(27), "水管漏水");
    other.projection.row.revision = 2;
    book.put(vec![other, with_text(record(47), "井盖松动")]).expect("committed");
    assert_eq!(search(&book, "井盖"), ids(&[47, 37, 17, 7]));
    assert_eq!(search(&book, "漏水"), ids(&[27]));
}

pub(super) fn changes(make: Make<'_>) {
    let mut book = Book::new(make());
    let within = |code: &str| {
        Scope::Any(vec![ScopePart {
            mechanism: MATTER.into(),
            within: Within::Place(Level::Village, code.into()),
        }])
    };
    let handled = |code: &str| {
        Scope::Any(vec![ScopePart { mechanism: MATTER.into(), within: Within::Unit(code.into()) }])
    };
    let mut stored = with_text(record(1), "停水 ABC");
    book.put(vec![stored.clone(), record(2)]).expect("committed");
    assert_eq!(find(&*book.ledger, &within("v1"), "停水"), [id(1)]);

    stored = with_text(stored, "停电 ABC");
    book.put(vec![stored.clone()]).expect("committed");
    assert!(find(&*book.ledger, &Scope::All, "停水").is_empty());
    assert_eq!(find(&*book.ledger, &Scope::All, "停电"), [id(1)]);

    // Another place and unit, the same words.
    stored.text_changed = false;
    stored.projection.row.path[2] = Some("v2".into());
    stored.projection.row.unit = Some("power-1".into());
    stored = with_scopes(stored);
    stored.projection.scopes.push(unit_token("helper"));
    book.put(vec![stored.clone()]).expect("committed");
    assert!(find(&*book.ledger, &within("v1"), "停电").is_empty());
    assert_eq!(find(&*book.ledger, &within("v2"), "abc"), [id(1)]);
    assert_eq!(find(&*book.ledger, &handled("power-1"), "abc"), [id(1)]);
    assert_eq!(find(&*book.ledger, &handled("helper"), "abc"), [id(1)], "units that help may find it");
    assert!(find(&*book.ledger, &handled("help"), "abc").is_empty());

    // Words that come later.
    book.put(vec![with_text(record(2), "停电")]).expect("committed");
    assert_eq!(find(&*book.ledger, &Scope::All, "停电"), [id(2), id(1)], "newest first");
}

pub(super) fn scopes(make: Make<'_>) {
    let mut dice = Dice(3);
    let mut book = Book::new(make());
    let stored: Vec<Stored> = (0..150)
        .map(|n| {
            let mut stored = with_text(record(n), TEXTS[dice.below(8) as usize]);
            let row = &mut stored.projection.row;
            row.mechanism = (*dice.pick(&[MATTER, "joint"])).into();
            row.path[1] = Some(format!("t{}", dice.below(3)));
            row.path[2] = Some((*dice.pick(&VILLAGES)).into());
            row.unit = dice.once_in(2).then(|| format!("u{}", dice.below(3)));
            with_scopes(stored)
        })
        .collect();
    book.put(stored.clone()).expect("committed");
    for _ in 0..200 {
        let parts = (0..dice.below(4))
            .map(|_| ScopePart {
                mechanism: (*dice.pick(&[MATTER, "joint", "other"])).into(),
                within: match dice.below(4) {
                    0 => Within::Place(Level::Township, format!("t{}", dice.below(3))),
                    1 => Within::Place(Level::Village, (*dice.pick(&VILLAGES)).into()),
                    2 => Within::Place(Level::Village, format!("t{}", dice.below(3))),
                    _ => Within::Unit(format!("u{}", dice.below(3))),
                },
            })
            .collect();
        let scope = Scope::Any(parts);
        let asked = *dice.pick(&["水", "停水", "broken", "停", "b"]);
        let words = folded(asked);
        let wanted: Vec<RecordId> = stored
            .iter()
            .rev()
            .filter(|stored| sees(&scope, stored))
            .filter(|stored| {
                let tokens = &stored.projection.text;
                tokens.split(' ').any(|token| token.starts_with(&words))
            })
            .map(|stored| stored.projection.row.id)
            .take(50)
            .collect();
        assert_eq!(find(&*book.ledger, &scope, asked), wanted, "{asked} in {scope:?}");
    }
    assert_ne!(place_token("1"), unit_token("1"), "a place is never taken for a unit");
}
