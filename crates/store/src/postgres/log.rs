//! What surrounds the entries: nodes of the Merkle log, wrapped keys, whole answers for archives,
//! and the emptying of what is derived.

use gongzhi_base::{CommandId, Digest, RecordId};
use gongzhi_kernel::merkle::Node;

use super::error::Done;
use super::link::{Link, Step, arg, bytes, get, step};
use super::read::{answer, ids, position};
use crate::{Answer, Batch};

/// All tables of what is derived.
const DERIVED: [&str; 12] = [
    "record",
    "waiting",
    "unit_new",
    "unit_open",
    "todo",
    "timer",
    "mechanism",
    "cell",
    "counter",
    "words",
    "look",
    "claim",
];

pub(super) async fn nodes(link: &Link, county: &str, level: u8, from: u64, limit: u32) -> Done<Vec<Digest>> {
    let (from, limit) = (position(from), i64::from(limit));
    let rows = if level == 0 {
        let sql = "SELECT hash FROM entry WHERE county = $1 AND seq >= $2 ORDER BY seq LIMIT $3";
        link.query(sql, &[&county, &from, &limit]).await?
    } else {
        let sql = "SELECT hash FROM node WHERE county = $1 AND level = $2 AND at >= $3 ORDER BY at LIMIT $4";
        link.query(sql, &[&county, &i64::from(level), &from, &limit]).await?
    };
    rows.iter().map(|row| bytes(row, 0).map(Digest)).collect()
}

const PUT_KEYS: &str = "INSERT INTO record_key (county, record, key)
    SELECT $1, k.record, k.key FROM unnest($2::bytea[], $3::bytea[]) AS k (record, key)
    ON CONFLICT (county, record) DO UPDATE SET key = excluded.key";

/// Adds what a batch changes of nodes and keys.
pub(super) fn put<'a>(county: &'a str, batch: &'a Batch, steps: &mut Vec<Step<'a>>) {
    if !batch.nodes.is_empty() {
        let (levels, at, hashes) = columns(&batch.nodes);
        steps.push(step(PUT_NODES, vec![arg(county), arg(levels), arg(at), arg(hashes)]));
    }
    // Destroyed first: a record may be erased and then seal personal values anew, under a new key, in
    // one group.
    if !batch.destroyed.is_empty() {
        let gone = ids(&batch.destroyed);
        let sql = "DELETE FROM record_key WHERE county = $1 AND record = ANY($2)";
        steps.push(step(sql, vec![arg(county), arg(gone)]));
    }
    if !batch.keys.is_empty() {
        let (of, keys) = split(&batch.keys);
        steps.push(step(PUT_KEYS, vec![arg(county), arg(of), arg(keys)]));
    }
}

/// Nodes column by column: level, position, hash.
fn columns(nodes: &[Node]) -> (Vec<i64>, Vec<i64>, Vec<&[u8]>) {
    let levels = nodes.iter().map(|node| i64::from(node.level)).collect();
    let at = nodes.iter().map(|node| position(node.index)).collect();
    (levels, at, nodes.iter().map(|node| node.hash.0.as_slice()).collect())
}

const PUT_NODES: &str = "INSERT INTO node (county, level, at, hash)
    SELECT $1, n.level, n.at, n.hash
    FROM unnest($2::bigint[], $3::bigint[], $4::bytea[]) AS n (level, at, hash)";

pub(super) async fn replace_nodes(link: &Link, county: &str, nodes: &[Node]) -> Done<()> {
    let (levels, at, hashes) = columns(nodes);
    link.script("BEGIN").await?;
    let replaced = async {
        link.execute("DELETE FROM node WHERE county = $1", &[&county]).await?;
        link.execute(PUT_NODES, &[&county, &levels, &at, &hashes]).await
    }
    .await;
    link.script(if replaced.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
    replaced.map(drop)
}

fn split(keys: &[(RecordId, Vec<u8>)]) -> (Vec<&[u8]>, Vec<&[u8]>) {
    keys.iter().map(|(id, key)| (id.0.as_slice(), key.as_slice())).unzip()
}

/// Writes the table of keys anew: a deleted row stays in its file until then, also after a plain `VACUUM`. Nobody reads
/// or writes keys meanwhile; whoever holds the table longer than a moment is not waited for.
pub(super) async fn scrub(link: &Link) -> Done<()> {
    link.script("SET lock_timeout = '2s'").await?;
    let done = link.script("VACUUM FULL record_key").await;
    link.script("RESET lock_timeout").await?;
    done
}

/// Bytes of the table of keys.
pub(super) async fn keys_size(link: &Link) -> Done<u64> {
    let row = link.first("SELECT pg_total_relation_size('record_key')", &[]).await?;
    row.map_or(Ok(0), |row| super::link::count(&row, 0))
}

pub(super) async fn put_keys(link: &Link, county: &str, keys: &[(RecordId, Vec<u8>)]) -> Done<()> {
    let (of, keys) = split(keys);
    link.execute(PUT_KEYS, &[&county, &of, &keys]).await.map(drop)
}

fn key(row: &tokio_postgres::Row) -> Done<(RecordId, Vec<u8>)> {
    Ok((RecordId(bytes(row, 0)?), get(row, 1)?))
}

pub(super) async fn keys(link: &Link, county: &str, of: &[RecordId]) -> Done<Vec<(RecordId, Vec<u8>)>> {
    let sql = "SELECT record, key FROM record_key WHERE county = $1 AND record = ANY($2)";
    link.query(sql, &[&county, &ids(of)]).await?.iter().map(key).collect()
}

pub(super) async fn all_keys(
    link: &Link,
    county: &str,
    after: Option<RecordId>,
    limit: u32,
) -> Done<Vec<(RecordId, Vec<u8>)>> {
    // No identifier is shorter than the empty one, so that it comes before all.
    let after = after.map_or_else(Vec::new, |id| id.0.to_vec());
    let sql = "SELECT record, key FROM record_key WHERE county = $1 AND record > $2 ORDER BY record LIMIT $3";
    link.query(sql, &[&county, &after, &i64::from(limit)]).await?.iter().map(key).collect()
}

pub(super) async fn answers(
    link: &Link,
    county: &str,
    after: Option<&CommandId>,
    limit: u32,
) -> Done<Vec<Answer>> {
    let after = after.map_or("", CommandId::as_str);
    let sql = "SELECT command, digest, record, revision, seq FROM answer
               WHERE county = $1 AND command > $2 ORDER BY command LIMIT $3";
    link.query(sql, &[&county, &after, &i64::from(limit)]).await?.iter().map(answer).collect()
}

/// Empties all that is derived and says so in the ledger's row.
pub(super) async fn empty(link: &Link, county: &str) -> Done<()> {
    link.script("BEGIN").await?;
    let emptied = async {
        // In this order: nothing is applied, and then nothing committed, until it is empty. The number of a commit
        // that left nothing tells nodes that what they remember of the tables is true no more.
        link.execute("UPDATE applied SET rows = 0 WHERE county = $1", &[&county]).await?;
        link.execute(
            "UPDATE ledger SET rebuilding = TRUE, batches = batches + 1 WHERE county = $1",
            &[&county],
        )
        .await?;
        let all = "UPDATE applied SET n = (SELECT batches FROM ledger WHERE county = $1) WHERE county = $1";
        link.execute(all, &[&county]).await?;
        link.execute("DELETE FROM pending WHERE county = $1", &[&county]).await?;
        let others = link.first("SELECT 1 FROM ledger WHERE county <> $1 LIMIT 1", &[&county]).await?;
        if others.is_none() {
            // The only county: emptying whole tables is one cheap step, and making their indexes anew when all
            // rows are there takes a fraction of filling them row by row.
            link.script(&format!("TRUNCATE {}", DERIVED.join(", "))).await?;
            return put_off_indexes(link).await;
        }
        for table in DERIVED {
            link.execute(&format!("DELETE FROM {table} WHERE county = $1"), &[&county]).await?;
        }
        Ok(())
    }
    .await;
    link.script(if emptied.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
    emptied
}

/// Drops the indexes that no rebuild needs, and notes how they are made. Of the keys only those of the units' lists
/// are among them: rows come in the order of their records, which is that of all other great keys.
async fn put_off_indexes(link: &Link) -> Done<()> {
    let found = "SELECT i.relname::text, t.relname::text, c.conname IS NOT NULL,
            CASE WHEN c.conname IS NULL THEN pg_get_indexdef(i.oid) ELSE
                format('ALTER TABLE gongzhi.%I ADD CONSTRAINT %I %s', t.relname, c.conname, pg_get_constraintdef(c.oid)) END
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
            LEFT JOIN pg_constraint c ON c.conindid = i.oid AND c.contype = 'p'
        WHERE t.relnamespace = 'gongzhi'::regnamespace AND t.relname = ANY($1)
            AND (NOT x.indisprimary OR t.relname IN ('unit_new', 'unit_open'))";
    let tables = DERIVED.as_slice();
    for row in link.query(found, &[&tables]).await? {
        let (name, table): (&str, &str) = (get(&row, 0)?, get(&row, 1)?);
        let (key, sql): (bool, &str) = (get(&row, 2)?, get(&row, 3)?);
        link.execute("INSERT INTO index_later (name, sql) VALUES ($1, $2)", &[&name, &sql]).await?;
        let drop = match key {
            true => format!("ALTER TABLE {table} DROP CONSTRAINT {name}"),
            false => format!("DROP INDEX {name}"),
        };
        link.script(&drop).await?;
    }
    Ok(())
}

/// Which of the indexes that were put off are made on which connection: the index over words takes longer than all
/// others together, and one processor is enough for neither.
#[derive(Clone, Copy)]
pub(super) enum Later {
    Words,
    Others,
}

impl Later {
    /// How the connection is set for it, within its transaction.
    ///
    /// The index over words is made in a tree in memory that is searched for each of a hundred words of every row, and put
    /// away when it is full: one of 64 MB does so a tenth to a seventh quicker than one of 256 MB, which
    /// holds more of the words that come once. The others sort, and the more of it in memory, the better; they are done
    /// first, so that processes that help them would only take the other processor from the one that lasts longest.
    fn setting(self) -> &'static str {
        match self {
            Later::Words => "SET LOCAL maintenance_work_mem = '64MB'",
            Later::Others => {
                "SET LOCAL maintenance_work_mem = '256MB'; SET LOCAL max_parallel_maintenance_workers = 0"
            }
        }
    }
}

/// Makes indexes that were put off. Each connection does it in a transaction of its own: what is made is put off no more.
pub(super) async fn make_indexes(link: &Link, which: Later) -> Done<()> {
    link.script("BEGIN").await?;
    let made = async {
        let words = matches!(which, Later::Words);
        let sql = "DELETE FROM index_later WHERE (name = 'words_lexemes') = $1 RETURNING sql";
        let later = link.query(sql, &[&words]).await?;
        if !later.is_empty() {
            link.script(which.setting()).await?;
        }
        for row in &later {
            link.script(get(row, 0)?).await?;
        }
        Ok(())
    }
    .await;
    link.script(if made.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
    made
}

/// The derived rows are whole again, with their indexes. As when they were emptied, the number of a commit that left
/// nothing tells nodes that what they remember of the tables is true no more.
pub(super) async fn rebuilt(link: &Link, county: &str) -> Done<()> {
    let sql = "WITH whole AS (
                   UPDATE ledger SET rebuilding = FALSE, batches = batches + 1 WHERE county = $1 RETURNING batches
               ) UPDATE applied SET n = (SELECT batches FROM whole) WHERE county = $1";
    link.execute(sql, &[&county]).await.map(drop)
}

pub(super) async fn rebuilding(link: &Link, county: &str) -> Done<bool> {
    let row = link.first("SELECT rebuilding FROM ledger WHERE county = $1", &[&county]).await?;
    row.map_or(Ok(false), |row| get(&row, 0))
}
