//! Reading spreadsheets as people send them, made here by a spreadsheet library.

use std::io::{Cursor, Read as _, Write as _};

use gongzhi_paper::read::{Limits, ReadFault, read};
use gongzhi_paper::sheet::{CellFault, Heading, find};
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use zip::write::SimpleFileOptions;

fn heading(zh: &str, en: &str, required: bool) -> Heading {
    Heading { names: vec![zh.into(), en.into()], required }
}

fn headings() -> Vec<Heading> {
    vec![heading("目标", "Goal", true), heading("目标数", "Target", true), heading("期限", "Due", false)]
}

/// A workbook with one sheet that `fill` writes.
fn book(fill: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> Vec<u8> {
    let mut book = Workbook::new();
    fill(book.add_worksheet());
    book.save_to_buffer().expect("a workbook")
}

/// A packed file with one of its texts altered.
fn altered(bytes: &[u8], name: &str, alter: impl Fn(&str) -> String) -> Vec<u8> {
    let mut from = zip::ZipArchive::new(Cursor::new(bytes)).expect("packed");
    let mut to = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..from.len() {
        let mut part = from.by_index(at).expect("a part");
        let (known, mut text) = (part.name().expect("a name").into_owned(), String::new());
        part.read_to_string(&mut text).expect("text");
        to.start_file(&*known, SimpleFileOptions::default()).expect("a part");
        let text = if known == name { alter(&text) } else { text };
        to.write_all(text.as_bytes()).expect("written");
    }
    to.finish().expect("a file").into_inner()
}

#[test]
fn numbers_dates_and_full_width_digits_are_text() {
    let day = Format::new().set_num_format("yyyy-mm-dd");
    let bytes = book(|sheet| {
        sheet.write(0, 0, "目标").expect("a cell");
        sheet.write(0, 1, 20.0).expect("a cell");
        sheet.write(0, 2, 0.1 + 0.2).expect("a cell");
        let at = ExcelDateTime::from_ymd(2026, 3, 1).expect("a day");
        sheet.write_with_format(0, 3, &at, &day).expect("a cell");
        sheet.write(0, 4, "２０").expect("a cell");
        sheet.write(0, 5, "2026年3月1日").expect("a cell");
        sheet.write(0, 6, true).expect("a cell");
    });
    let book = read(&bytes, &Limits::default()).expect("a book");
    let row = &book.sheets[0].rows[0];
    let texts: Vec<&str> = (0..7).map(|column| row.text(column)).collect();
    assert_eq!(texts, ["目标", "20", "0.3", "2026-03-01", "２０", "2026年3月1日", "true"]);
}

#[test]
fn what_is_merged_over_rows_holds_for_each_and_over_columns_is_a_fault() {
    let bytes = book(|sheet| {
        let plain = Format::new();
        sheet.merge_range(0, 0, 2, 0, "甲", &plain).expect("merged");
        sheet.write(1, 1, "二").expect("a cell");
        sheet.write(2, 1, "三").expect("a cell");
        sheet.merge_range(3, 0, 3, 1, "乙", &plain).expect("merged");
    });
    let book = read(&bytes, &Limits::default()).expect("a book");
    let rows = &book.sheets[0].rows;
    let first: Vec<(u32, &str)> = rows.iter().map(|row| (row.number, row.text(0))).collect();
    assert_eq!(first, [(1, "甲"), (2, "甲"), (3, "甲"), (4, "乙")]);
    assert_eq!(rows[1].fault(0), None);
    assert_eq!([rows[3].fault(0), rows[3].fault(1)], [Some(CellFault::MergedAcross); 2]);
}

#[test]
fn of_a_formula_the_saved_result_counts_and_none_is_a_fault() {
    let bytes = book(|sheet| {
        sheet.write_formula(0, 0, Formula::new("=10+10").set_result("20")).expect("a formula");
        sheet.write_formula(0, 1, Formula::new("=A9").set_result("7")).expect("a formula");
        sheet.write_formula(0, 2, Formula::new("=1/0").set_result("#DIV/0!")).expect("a formula");
    });
    let bytes = altered(&bytes, "xl/worksheets/sheet1.xml", |text| text.replace("<v>7</v>", ""));
    let book = read(&bytes, &Limits::default()).expect("a book");
    let row = &book.sheets[0].rows[0];
    assert_eq!(row.text(0), "20");
    assert_eq!(row.fault(1), Some(CellFault::Formula));
    assert_eq!(row.fault(2), Some(CellFault::Error));
}

#[test]
fn a_hundred_thousand_empty_rows_count_nothing() {
    let bytes = book(|sheet| {
        let grey = Format::new().set_background_color("DDDDDD");
        sheet.write(0, 0, "目标").expect("a cell");
        for row in 1..=100_000 {
            sheet.write_blank(row, 0, &grey).expect("a blank cell");
        }
        sheet.write(100_001, 0, "最后").expect("a cell");
    });
    let book = read(&bytes, &Limits::default()).expect("a book");
    let rows: Vec<u32> = book.sheets[0].rows.iter().map(|row| row.number).collect();
    assert_eq!(rows, [1, 100_002]);
}

#[test]
fn limits_are_kept_and_name_the_cell() {
    let limits = Limits { rows: 3, columns: 5, characters: 10, ..Limits::default() };
    let rows = book(|sheet| (0..4).for_each(|row| drop(sheet.write(row, 0, "一"))));
    assert_eq!(read(&rows, &limits), Err(ReadFault::TooManyRows));
    let wide = book(|sheet| drop(sheet.write(6, 5, "一")));
    assert_eq!(read(&wide, &limits), Err(ReadFault::TooManyColumns("F7".into())));
    let long = book(|sheet| drop(sheet.write(1, 2, "一二三四五六七八九十一")));
    assert_eq!(read(&long, &limits), Err(ReadFault::TooLong("C2".into())));
    assert_eq!(read(&[b'x'; 20], &Limits { bytes: 19, ..limits }), Err(ReadFault::TooLarge));
    assert_eq!(read(&book(|_| ()), &limits), Err(ReadFault::Empty));
    assert_eq!(read(b"", &limits), Err(ReadFault::Empty));
}

#[test]
fn a_zip_bomb_is_refused_before_it_is_unpacked() {
    let mut bomb = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let packed = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    bomb.start_file("xl/worksheets/sheet1.xml", packed).expect("a part");
    let zeros = vec![b' '; 1024 * 1024];
    for _ in 0..100 {
        bomb.write_all(&zeros).expect("written");
    }
    let bytes = bomb.finish().expect("a file").into_inner();
    assert!(bytes.len() < 500_000, "it is small: {}", bytes.len());
    assert_eq!(read(&bytes, &Limits::default()), Err(ReadFault::Bomb));

    let mut many = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for part in 0..1_001 {
        many.start_file(format!("xl/{part}"), packed).expect("a part");
    }
    let bytes = many.finish().expect("a file").into_inner();
    assert_eq!(read(&bytes, &Limits::default()), Err(ReadFault::Bomb));
}

#[test]
fn other_files_are_named_for_what_they_are() {
    let limits = Limits::default();
    assert_eq!(read(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", &limits), Err(ReadFault::OldOrProtected));
    assert_eq!(read(b"%PDF-1.7\n\x00\x01", &limits), Err(ReadFault::NotASheet));
    let mut other = zip::ZipWriter::new(Cursor::new(Vec::new()));
    other.start_file("word/document.xml", SimpleFileOptions::default()).expect("a part");
    let bytes = other.finish().expect("a file").into_inner();
    assert_eq!(read(&bytes, &limits), Err(ReadFault::NotASheet));
}

#[test]
fn a_file_that_breaks_off_or_was_altered_never_breaks_the_reader() {
    let whole = book(|sheet| {
        for row in 0..30 {
            sheet.write(row, 0, format!("第{row}行")).expect("a cell");
            sheet.write(row, 1, f64::from(row)).expect("a cell");
        }
    });
    for length in (0..whole.len()).step_by(97) {
        assert!(read(&whole[..length], &Limits::default()).is_err(), "{length} bytes");
    }
    let mut state = 1_u32;
    for _ in 0..200 {
        let mut altered = whole.clone();
        for _ in 0..4 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = state as usize % altered.len();
            altered[at] ^= (state >> 24) as u8 | 1;
        }
        // Whatever comes, it comes as an answer.
        let _ = read(&altered, &Limits::default());
    }
}

#[test]
fn csv_is_read_in_the_encodings_of_the_office() {
    let text = "目标,目标数,期限\r\n\"甲,\n乙\",２０,2026-03-01\r\n\r\n丙,5,\r\n";
    let mut marked = b"\xEF\xBB\xBF".to_vec();
    marked.extend(text.as_bytes());
    let (office, _, _) = encoding_rs::GB18030.encode(text);
    for bytes in [text.as_bytes().to_vec(), marked, office.into_owned()] {
        let book = read(&bytes, &Limits::default()).expect("a book");
        let rows = &book.sheets[0].rows;
        assert_eq!(rows[0].text(0), "目标");
        assert_eq!(rows[1].text(0), "甲,\n乙");
        let numbers: Vec<u32> = rows.iter().map(|row| row.number).collect();
        assert_eq!(numbers, [1, 2, 4], "lines within a cell are no rows, empty ones are");
    }
    for text in ["目标;目标数\n甲;2", "目标\t目标数\n甲\t2"] {
        let book = read(text.as_bytes(), &Limits::default()).expect("a book");
        let row = &book.sheets[0].rows[1];
        assert_eq!((row.number, row.text(0), row.text(1)), (2, "甲", "2"));
    }
    assert_eq!(read(b"\xFF\xFF\xFF", &Limits::default()), Err(ReadFault::Encoding));
}

#[test]
fn a_quote_that_is_not_closed_is_told_with_its_line_and_nothing_is_read() {
    let read = |text: &str| read(text.as_bytes(), &Limits::default());
    // Open to the end; closed by the opening quote of another row; a stray last line; a mark within a cell.
    for (line, text) in [
        (3, "目标,措施\n一,甲\n二,\"乙\n三,丙\n"),
        (2, "目标,措施\r\n一,\"甲,1\r\n二,\"乙\",2\r\n"),
        (3, "目标,措施\n一,甲\n\""),
        (4, "目标;措施\n\"一\n行\";甲\n二;\"所谓\"乙\";3\n"),
    ] {
        assert_eq!(read(text), Err(ReadFault::Quote(line)), "{text}");
    }
    let sound = read("目标,措施\n\"一\" ,\"所谓\"\"乙\"\"\"\n5\" 管,\"\"\n").expect("a book");
    let rows = &sound.sheets[0].rows;
    assert_eq!([rows[1].text(0), rows[1].text(1), rows[2].text(0)], ["一", "所谓\"乙\"", "5\" 管"]);
}

#[test]
fn a_cell_written_twice_is_a_damaged_file() {
    let bytes = book(|sheet| {
        sheet.write(0, 0, 1.0).expect("a cell");
        sheet.write(0, 1, 2.0).expect("a cell");
    });
    let twice = altered(&bytes, "xl/worksheets/sheet1.xml", |text| text.replace("r=\"B1\"", "r=\"A1\""));
    assert_ne!(bytes, twice);
    assert_eq!(read(&twice, &Limits::default()), Err(ReadFault::Damaged));
}

#[test]
fn the_table_is_found_under_titles_and_on_another_sheet() {
    let mut book = Workbook::new();
    book.add_worksheet().set_name("说明").expect("a name").write(0, 0, "填写说明").expect("a cell");
    let sheet = book.add_worksheet().set_name("任务书").expect("a name");
    sheet.merge_range(0, 0, 0, 2, "全县任务书", &Format::new()).expect("merged");
    for (column, text) in (0..).zip(["期 限", "目标数", "目标"]) {
        sheet.write(2, column, text).expect("a cell");
    }
    sheet.write(3, 2, "甲").expect("a cell");
    let bytes = book.save_to_buffer().expect("a workbook");
    let book = read(&bytes, &Limits::default()).expect("a book");
    let found = find(&book, &headings()).expect("found");
    assert_eq!((found.sheet, found.columns), (1, vec![Some(2), Some(1), Some(0)]));
    assert_eq!(book.sheets[1].rows[found.first].text(2), "甲");
}

#[test]
fn what_is_not_read_of_a_book_is_told() {
    let mut book = Workbook::new();
    for name in ["一月", "二月 & 三月"] {
        let sheet = book.add_worksheet().set_name(name).expect("a name");
        for (column, text) in (0..).zip(["目标", "备注", "目标数"]) {
            sheet.write(0, column, text).expect("a cell");
            sheet.write(1, column, "甲").expect("a cell");
            sheet.write(3, column, "乙").expect("a cell");
        }
    }
    // One that is hidden by hand and holds something, and one that holds nothing.
    let second = book.worksheet_from_index(1).expect("a sheet");
    second.set_row_hidden(3).expect("hidden").set_row_hidden(9).expect("hidden");
    let bytes = book.save_to_buffer().expect("a workbook");
    let book = read(&bytes, &Limits::default()).expect("a book");
    let found = find(&book, &headings()).expect("found");
    assert_eq!((found.sheet, found.others, found.unknown), (0, vec![1], vec![1]));
    let hidden = |at: usize| -> Vec<(u32, bool)> {
        book.sheets[at].rows.iter().map(|row| (row.number, row.hidden)).collect()
    };
    assert_eq!(hidden(0), [(1, false), (2, false), (4, false)]);
    assert_eq!(hidden(1), [(1, false), (2, false), (4, true)]);
}

#[test]
fn a_printed_page_is_no_sheet_though_it_may_be_made_of_text() {
    let page = b"%PDF-1.4\n1 0 obj << /Type /Catalog >> endobj\n";
    assert_eq!(read(page, &Limits::default()), Err(ReadFault::NotASheet));
}

#[test]
fn a_wrong_sheet_is_told_with_what_it_holds_and_what_is_missing() {
    let bytes = book(|sheet| {
        for (column, text) in (0..).zip(["目标", "单位", "期限"]) {
            sheet.write(1, column, text).expect("a cell");
        }
    });
    let book = read(&bytes, &Limits::default()).expect("a book");
    let fault = find(&book, &headings()).expect_err("not there");
    assert_eq!(fault.nearest, Some(("Sheet1".into(), 2)));
    assert_eq!(fault.read, ["目标", "单位", "期限"]);
    assert_eq!(fault.missing, [1]);

    let twice = read("目标,目标数,Goal\n".as_bytes(), &Limits::default()).expect("a book");
    assert_eq!(find(&twice, &headings()).expect_err("ambiguous").twice, Some(0));
}
