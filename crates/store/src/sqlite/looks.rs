//! The list of looks at personal values.

use gongzhi_base::Timestamp;
use gongzhi_base::canon::Canon as _;
use gongzhi_kernel::Event;
use rusqlite::{Connection, Result as Sql, Transaction, TransactionBehavior, params};

use super::error::fault;
use super::read;
use crate::{Look, LookQuery, StoreError};

/// Entries read at once when the list is made for an older database.
const PAGE: u32 = 10_000;

/// Writes looks; the same one again changes nothing.
pub(super) fn put(tx: &Transaction<'_>, county: &str, looks: &[Look]) -> Sql<()> {
    if looks.is_empty() {
        return Ok(());
    }
    let mut insert =
        tx.prepare_cached("INSERT OR IGNORE INTO look (county, at, seq, person) VALUES (?1, ?2, ?3, ?4)")?;
    for look in looks {
        insert.execute(params![county, look.at.0, look.seq.cast_signed(), look.person])?;
    }
    Ok(())
}

/// Two statements, so that each follows its own index from its end.
fn sql(of_person: bool) -> String {
    let (index, person) =
        if of_person { ("INDEXED BY look_person", "person = ?6") } else { ("", "?6 IS NULL") };
    format!(
        "SELECT at, seq, person FROM look {index}
         WHERE county = ?1 AND at >= ?2 AND at < ?3 AND (at, seq) < (?4, ?5) AND {person}
         ORDER BY at DESC, seq DESC LIMIT ?7"
    )
}

pub(super) fn list(conn: &Connection, county: &str, query: &LookQuery) -> Result<Vec<Look>, StoreError> {
    let (at, seq) = query.after.map_or((i64::MAX, i64::MAX), |(at, seq)| (at.0, seq.cast_signed()));
    let person = query.person.as_deref();
    conn.prepare_cached(&sql(person.is_some()))
        .and_then(|mut statement| {
            statement
                .query_map(params![county, query.from.0, query.to.0, at, seq, person, query.limit], |row| {
                    let seq: i64 = row.get(1)?;
                    Ok(Look { at: Timestamp(row.get(0)?), seq: seq.cast_unsigned(), person: row.get(2)? })
                })?
                .collect()
        })
        .map_err(fault)
}

/// Makes the list for a database of an earlier form.
pub(super) fn complete(conn: &mut Connection, county: &str) -> Result<(), StoreError> {
    let (mut from, mut found) = (0, Vec::new());
    loop {
        let page = read::entries(conn, county, from, PAGE)?;
        from += page.len() as u64;
        for entry in &page {
            let seq = entry.header.seq;
            let event = Event::from_bytes(&entry.body)
                .map_err(|error| StoreError::Corrupt(format!("entry {seq}: {error}")))?;
            found.extend(Look::of(seq, &event));
        }
        if page.len() < PAGE as usize {
            break;
        }
    }
    let mut write = || -> Sql<()> {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        put(&tx, county, &found)?;
        tx.commit()
    };
    write().map_err(fault)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ledger as _;
    use crate::conformance::fixture::{Book, COUNTY, record};
    use crate::sqlite::Sqlite;

    const ALL: LookQuery = LookQuery {
        from: Timestamp(i64::MIN),
        to: Timestamp(i64::MAX),
        person: None,
        after: None,
        limit: 99,
    };

    #[test]
    fn an_older_database_is_given_the_list() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut book = Book::new(Box::new(Sqlite::open(dir.path(), COUNTY).expect("opens")));
        // Each event of the cases' records is a look.
        book.put((0..30).map(record).collect()).expect("a batch");
        assert_eq!(book.ledger.looks(&ALL), Ok(vec![]), "the batch named none");
        drop(book);
        let old = Connection::open(dir.path().join("ledger.sqlite")).expect("opens");
        old.execute_batch(crate::sqlite::tests::BEFORE_OUTBOX).expect("as it was before");
        old.execute_batch("DROP TABLE look; PRAGMA user_version = 3;").expect("as it was before");
        drop(old);
        let found = Sqlite::open(dir.path(), COUNTY).expect("opens").looks(&ALL).expect("looks");
        assert_eq!(found.iter().map(|look| look.seq).collect::<Vec<_>>(), (0..30).rev().collect::<Vec<_>>());
    }

    #[test]
    fn pages_of_the_list_are_read_off_an_index() {
        let dir = tempfile::tempdir().expect("a directory");
        let ledger = Sqlite::open(dir.path(), COUNTY).expect("opens");
        for (person, index) in [(None, "PRIMARY KEY"), (Some("p".to_owned()), "look_person")] {
            let plan: Vec<String> = ledger
                .readers
                .read(|conn| {
                    let sql = format!("EXPLAIN QUERY PLAN {}", sql(person.is_some()));
                    let mut query = conn.prepare(&sql).map_err(fault)?;
                    let args = params![COUNTY, 0, 9, 9, 9, person, 5];
                    query.query_map(args, |row| row.get(3)).and_then(Iterator::collect).map_err(fault)
                })
                .expect("a plan");
            assert!(plan.len() == 1 && plan[0].contains(index), "{plan:?}");
        }
    }
}
