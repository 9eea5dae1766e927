//! What surrounds the entries: nodes of the Merkle log, wrapped keys, whole answers for archives,
//! and the emptying of what is derived.

use gongzhi_base::{CommandId, Digest, RecordId};
use gongzhi_kernel::merkle::{Frontier, Node, TILE};
use rusqlite::{Connection, Result as Sql, Transaction, TransactionBehavior, params};

use super::error::fault;
use crate::{Answer, Batch, StoreError};

type Done<T> = Result<T, StoreError>;

/// Hashes read at once when nodes are made for an older database.
const PAGE: u32 = 65_536;

pub(super) fn nodes(conn: &Connection, county: &str, level: u8, from: u64, limit: u32) -> Done<Vec<Digest>> {
    let from = i64::try_from(from).unwrap_or(i64::MAX);
    let mut found = Vec::new();
    let mut collect = |sql: &str, args: &[&dyn rusqlite::ToSql]| -> Sql<()> {
        let mut query = conn.prepare_cached(sql)?;
        let mut rows = query.query(args)?;
        while let Some(row) = rows.next()? {
            found.push(Digest(row.get(0)?));
        }
        Ok(())
    };
    match level {
        0 => collect(
            "SELECT hash FROM entry WHERE county = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3",
            params![county, from, limit],
        ),
        level => collect(
            "SELECT hash FROM node WHERE county = ?1 AND level = ?2 AND at >= ?3 ORDER BY at LIMIT ?4",
            params![county, level, from, limit],
        ),
    }
    .map_err(fault)?;
    Ok(found)
}

/// Writes what a batch adds beside its entries: nodes and keys; destroys what it says.
pub(super) fn put(tx: &Transaction<'_>, county: &str, batch: &Batch) -> Sql<u64> {
    put_nodes(tx, county, &batch.nodes)?;
    // In this order: a record erased may take new personal values, under a new key, in one group.
    for id in &batch.destroyed {
        // As long as before, so that it is written over where it lies.
        tx.prepare_cached(
            "UPDATE record_key SET key = zeroblob(length(key)), gone = 1
             WHERE county = ?1 AND record = ?2 AND gone = 0",
        )?
        .execute(params![county, id.0])?;
    }
    put_keys(tx, county, &batch.keys)?;
    Ok((batch.nodes.len() + batch.keys.len() + batch.destroyed.len()) as u64)
}

fn put_keys(tx: &Transaction<'_>, county: &str, keys: &[(RecordId, Vec<u8>)]) -> Sql<()> {
    if keys.is_empty() {
        return Ok(());
    }
    let mut update =
        tx.prepare_cached("UPDATE record_key SET key = ?3 WHERE county = ?1 AND record = ?2 AND gone = 0")?;
    let mut insert =
        tx.prepare_cached("INSERT INTO record_key (county, record, key, gone) VALUES (?1, ?2, ?3, 0)")?;
    for (id, key) in keys {
        if update.execute(params![county, id.0, key])? == 0 {
            insert.execute(params![county, id.0, key])?;
        }
    }
    Ok(())
}

fn put_nodes(tx: &Transaction<'_>, county: &str, nodes: &[Node]) -> Sql<()> {
    for node in nodes {
        tx.prepare_cached("INSERT INTO node (county, level, at, hash) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![county, node.level, node.index.cast_signed(), node.hash.0])?;
    }
    Ok(())
}

pub(super) fn replace_nodes(conn: &mut Connection, county: &str, nodes: &[Node]) -> Done<()> {
    let mut put = || -> Sql<()> {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // A file holds one county: a row that names another one is damage as well.
        tx.execute("DELETE FROM node", [])?;
        put_nodes(&tx, county, nodes)?;
        tx.commit()
    };
    put().map_err(fault)
}

pub(super) fn replace_keys(conn: &mut Connection, county: &str, keys: &[(RecordId, Vec<u8>)]) -> Done<()> {
    let mut put = || -> Sql<()> {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        put_keys(&tx, county, keys)?;
        tx.commit()
    };
    put().map_err(fault)
}

pub(super) fn keys(conn: &Connection, county: &str, of: &[RecordId]) -> Done<Vec<(RecordId, Vec<u8>)>> {
    let mut found = Vec::new();
    let mut query = conn
        .prepare_cached("SELECT key FROM record_key WHERE county = ?1 AND record = ?2 AND gone = 0")
        .map_err(fault)?;
    for id in of {
        let mut rows = query.query(params![county, id.0]).map_err(fault)?;
        if let Some(row) = rows.next().map_err(fault)? {
            found.push((*id, row.get(0).map_err(fault)?));
        }
    }
    Ok(found)
}

pub(super) fn all_keys(
    conn: &Connection,
    county: &str,
    after: Option<RecordId>,
    limit: u32,
) -> Done<Vec<(RecordId, Vec<u8>)>> {
    // No identifier is shorter than the empty one, so that it comes before all.
    let after = after.map_or_else(Vec::new, |id| id.0.to_vec());
    conn.prepare_cached(
        "SELECT record, key FROM record_key INDEXED BY record_key_of
         WHERE county = ?1 AND record > ?2 AND gone = 0 ORDER BY record LIMIT ?3",
    )
    .and_then(|mut query| {
        query
            .query_map(params![county, after, limit], |row| Ok((RecordId(row.get(0)?), row.get(1)?)))?
            .collect()
    })
    .map_err(fault)
}

pub(super) fn answers(
    conn: &Connection,
    county: &str,
    after: Option<&CommandId>,
    limit: u32,
) -> Done<Vec<Answer>> {
    let after = after.map_or("", CommandId::as_str);
    let mut query = conn
        .prepare_cached(
            "SELECT command, digest, record, revision, seq FROM answer
             WHERE county = ?1 AND command > ?2 ORDER BY command LIMIT ?3",
        )
        .map_err(fault)?;
    let mut rows = query.query(params![county, after, limit]).map_err(fault)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(fault)? {
        let name: String = row.get(0).map_err(fault)?;
        let command = CommandId::new(&name)
            .map_err(|_| StoreError::Corrupt(format!("the command “{name}” has no proper identifier")))?;
        let count = |at| row.get::<_, i64>(at).map(i64::cast_unsigned).map_err(fault);
        found.push(Answer {
            command,
            digest: Digest(row.get(1).map_err(fault)?),
            record: RecordId(row.get(2).map_err(fault)?),
            revision: count(3)?,
            seq: count(4)?,
        });
    }
    Ok(found)
}

/// Empties all that is derived and says so in the ledger's row.
pub(super) fn empty(conn: &mut Connection, county: &str) -> Done<()> {
    let mut clear = || -> Sql<()> {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // The number of a commit that left nothing: what anybody remembers of the tables is true no more.
        tx.execute(
            "UPDATE ledger SET rebuilding = 1, batches = batches + 1, applied = batches + 1 WHERE county = ?1",
            [county],
        )?;
        tx.execute("INSERT INTO words (words) VALUES ('delete-all')", [])?;
        for table in [
            "record",
            "todo",
            "timer",
            "mechanism",
            "cell",
            "counter",
            "unit_new",
            "unit_open",
            "look",
            "claim",
            "pending",
        ] {
            // A file holds one county: emptying a whole table is one cheap step.
            tx.execute(&format!("DELETE FROM {table}"), [])?;
        }
        tx.commit()
    };
    clear().map_err(fault)
}

/// Says that all that is derived is there again.
pub(super) fn rebuilt(conn: &Connection, county: &str) -> Sql<()> {
    // Here too.
    let sql =
        "UPDATE ledger SET rebuilding = 0, batches = batches + 1, applied = batches + 1 WHERE county = ?1";
    conn.execute(sql, [county]).map(drop)
}

pub(super) fn rebuilding(conn: &Connection, county: &str) -> Done<bool> {
    conn.query_row("SELECT rebuilding FROM ledger WHERE county = ?1", [county], |row| row.get(0))
        .map_err(fault)
}

/// Makes the nodes that a database of an earlier form lacks.
pub(super) fn complete(conn: &mut Connection, county: &str) -> Done<()> {
    let (size, held): (i64, i64) = conn
        .query_row(
            "SELECT size, (SELECT count(*) FROM node n WHERE n.county = l.county AND n.level = 1)
             FROM ledger l WHERE county = ?1",
            [county],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .map_err(fault)?;
    let size = size.cast_unsigned();
    if held.cast_unsigned() >= size / TILE as u64 {
        return Ok(());
    }
    let mut edge = Frontier::default();
    let mut batch = Batch::default();
    while edge.size() < size {
        let page = nodes(conn, county, 0, edge.size(), PAGE)?;
        if page.is_empty() {
            return Err(StoreError::Corrupt(format!("entry {} is missing", edge.size())));
        }
        for leaf in page {
            batch.nodes.extend(edge.push(leaf));
        }
    }
    let mut write = || -> Sql<()> {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // A file holds one county: a row that names another one is damage as well.
        tx.execute("DELETE FROM node", [])?;
        put(&tx, county, &batch)?;
        tx.commit()
    };
    write().map_err(fault)
}
