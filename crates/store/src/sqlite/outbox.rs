//! Notices, choices and messages.

use gongzhi_base::{Digest, RecordId, Timestamp, Words};
use gongzhi_kernel::notice::Notice;
use rusqlite::{
    Connection, OptionalExtension as _, Result as Sql, Row, Transaction, TransactionBehavior, params,
};

use super::Sqlite;
use super::error::fault;
use crate::outbox::{Attempt, Channel, Choices, Decision, Mark, Message, Outbox, Told, Waiting};
use crate::{Batch, StoreError};

type Done<T> = Result<T, StoreError>;

/// Unread notices are counted up to here, messages up to the other.
const UNREAD: u32 = 100;
const COUNTED: u32 = 1_000;

/// Writes the notices of a batch. Gives how many rows.
pub(super) fn put(tx: &Transaction<'_>, county: &str, batch: &Batch) -> Sql<u64> {
    let mut rows = 0;
    for (mark, notice) in &batch.notices {
        tx.prepare_cached(
            "INSERT INTO notice (county, seq, n, at, record, mechanism, rule, zh, en, people)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            county,
            mark.seq as i64,
            mark.n,
            notice.at.0,
            notice.record.0,
            notice.mechanism,
            notice.rule,
            notice.text.zh,
            notice.text.en,
            notice.to.join("\n"),
        ])?;
        let mut insert = tx.prepare_cached(
            "INSERT INTO notice_for (county, person, read, seq, n) VALUES (?1, ?2, 0, ?3, ?4)",
        )?;
        for person in &notice.to {
            insert.execute(params![county, person, mark.seq as i64, mark.n])?;
        }
        rows += 1 + notice.to.len() as u64;
    }
    Ok(rows)
}

impl Sqlite {
    fn see<T>(&self, read: impl FnOnce(&Connection, &str) -> Sql<T>) -> Done<T> {
        self.readers.read(|conn| read(conn, &self.county).map_err(fault))
    }

    fn change<T>(&self, write: impl FnOnce(&Transaction<'_>, &str) -> Sql<T>) -> Done<T> {
        let mut writer = self.writer();
        let tx = writer.conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
        let done = write(&tx, &self.county).map_err(fault)?;
        tx.commit().map_err(fault)?;
        Ok(done)
    }
}

const TOLD: &str = "SELECT f.seq, f.n, f.read, n.record, n.mechanism, n.rule, n.at, n.zh, n.en
    FROM notice_for f CROSS JOIN notice n ON n.county = f.county AND n.seq = f.seq AND n.n = f.n
    WHERE f.county = ?1 AND f.person = ?2";

fn mark(row: &Row<'_>, at: usize) -> Sql<Mark> {
    Ok(Mark { seq: row.get::<_, i64>(at)?.cast_unsigned(), n: row.get(at + 1)? })
}

fn told(row: &Row<'_>) -> Sql<Told> {
    Ok(Told {
        mark: mark(row, 0)?,
        read: row.get(2)?,
        record: RecordId(row.get(3)?),
        mechanism: row.get(4)?,
        rule: row.get(5)?,
        at: Timestamp(row.get(6)?),
        text: Words::new(row.get::<_, String>(7)?, row.get::<_, String>(8)?),
    })
}

fn channel_number(channel: Channel) -> i64 {
    match channel {
        Channel::Mail => 0,
        Channel::Hook => 1,
    }
}

fn channel(row: &Row<'_>, at: usize) -> Sql<Channel> {
    Ok(if row.get::<_, i64>(at)? == 0 { Channel::Mail } else { Channel::Hook })
}

const MESSAGE: &str = "id, person, channel, subject, text, link, made, due, tries, error";

fn message(row: &Row<'_>) -> Sql<Message> {
    Ok(Message {
        id: Digest(row.get(0)?),
        person: row.get(1)?,
        channel: channel(row, 2)?,
        subject: row.get(3)?,
        text: row.get(4)?,
        link: row.get(5)?,
        made: Timestamp(row.get(6)?),
        due: Timestamp(row.get(7)?),
        tries: row.get(8)?,
        error: row.get(9)?,
    })
}

fn put_messages(tx: &Transaction<'_>, county: &str, messages: &[Message]) -> Sql<()> {
    let mut insert = tx.prepare_cached(
        "INSERT OR IGNORE INTO message
            (county, id, person, channel, subject, text, link, made, due, tries, error, dead)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 0)",
    )?;
    for one in messages {
        insert.execute(params![
            county,
            one.id.0,
            one.person,
            channel_number(one.channel),
            one.subject,
            one.text,
            one.link,
            one.made.0,
            one.due.0,
            one.tries,
            one.error,
        ])?;
    }
    Ok(())
}

const CHOICES: &str = "SELECT person, sealed, digest, told, feed FROM choices";

fn choices(row: &Row<'_>) -> Sql<Choices> {
    Ok(Choices {
        person: row.get(0)?,
        sealed: row.get(1)?,
        digest: row.get::<_, Option<i64>>(2)?.map(Timestamp),
        told: row.get::<_, i64>(3)?.cast_unsigned(),
        feed: row.get::<_, Option<[u8; 32]>>(4)?.map(Digest),
    })
}

impl Outbox for Sqlite {
    fn notices(&self, person: &str, read: bool, before: Option<Mark>, limit: u32) -> Done<Vec<Told>> {
        let before = before.unwrap_or(Mark { seq: i64::MAX as u64, n: u32::MAX });
        let sql = format!(
            "{TOLD} AND f.read = ?3 AND (f.seq, f.n) < (?4, ?5) ORDER BY f.seq DESC, f.n DESC LIMIT ?6"
        );
        self.see(|conn, county| {
            let mut query = conn.prepare_cached(&sql)?;
            let rows = params![county, person, read, before.seq as i64, before.n, limit];
            query.query_map(rows, told)?.collect()
        })
    }

    fn unread(&self, person: &str) -> Done<u64> {
        self.see(|conn, county| {
            conn.prepare_cached(
                "SELECT count(*) FROM
                    (SELECT 1 FROM notice_for WHERE county = ?1 AND person = ?2 AND read = 0 LIMIT ?3)",
            )?
            .query_row(params![county, person, UNREAD], |row| row.get::<_, i64>(0))
            .map(i64::cast_unsigned)
        })
    }

    fn notice(&self, person: &str, mark: Mark) -> Done<Option<Told>> {
        let sql = format!("{TOLD} AND f.read IN (0, 1) AND f.seq = ?3 AND f.n = ?4");
        self.see(|conn, county| {
            let mut query = conn.prepare_cached(&sql)?;
            query.query_row(params![county, person, mark.seq as i64, mark.n], told).optional()
        })
    }

    fn read(&self, person: &str, mark: Mark, all: bool) -> Done<()> {
        let those = if all { "(seq, n) <= (?3, ?4)" } else { "seq = ?3 AND n = ?4" };
        let sql = format!(
            "UPDATE notice_for SET read = 1 WHERE county = ?1 AND person = ?2 AND read = 0 AND {those}"
        );
        self.change(|tx, county| {
            tx.prepare_cached(&sql)?.execute(params![county, person, mark.seq as i64, mark.n]).map(|_| ())
        })
    }

    fn forget(&self, before: u64, limit: u32) -> Done<u32> {
        self.change(|tx, county| {
            let gone: Vec<(Mark, String)> = tx
                .prepare_cached(
                    "SELECT seq, n, people FROM notice WHERE county = ?1 AND seq < ?2 ORDER BY seq, n LIMIT ?3",
                )?
                .query_map(params![county, before as i64, limit], |row| Ok((mark(row, 0)?, row.get(2)?)))?
                .collect::<Sql<_>>()?;
            let mut delete =
                tx.prepare_cached("DELETE FROM notice WHERE county = ?1 AND seq = ?2 AND n = ?3")?;
            let mut delete_for = tx.prepare_cached(
                "DELETE FROM notice_for
                 WHERE county = ?1 AND person = ?2 AND read IN (0, 1) AND seq = ?3 AND n = ?4",
            )?;
            for (mark, people) in &gone {
                delete.execute(params![county, mark.seq as i64, mark.n])?;
                for person in people.split('\n') {
                    delete_for.execute(params![county, person, mark.seq as i64, mark.n])?;
                }
            }
            Ok(gone.len() as u32)
        })
    }

    fn unspread(&self, limit: u32) -> Done<(u64, Vec<(Mark, Notice)>)> {
        self.see(|conn, county| {
            let from: i64 = conn
                .prepare_cached("SELECT spread FROM ledger WHERE county = ?1")?
                .query_row([county], |row| row.get(0))?;
            let found = conn
                .prepare_cached(
                    "SELECT seq, n, record, mechanism, rule, at, zh, en, people FROM notice
                     WHERE county = ?1 AND seq >= ?2 ORDER BY seq, n LIMIT ?3",
                )?
                .query_map(params![county, from, limit], |row| {
                    let people: String = row.get(8)?;
                    let notice = Notice {
                        record: RecordId(row.get(2)?),
                        mechanism: row.get(3)?,
                        rule: row.get(4)?,
                        at: Timestamp(row.get(5)?),
                        text: Words::new(row.get::<_, String>(6)?, row.get::<_, String>(7)?),
                        to: people.split('\n').map(str::to_owned).collect(),
                    };
                    Ok((mark(row, 0)?, notice))
                })?
                .collect::<Sql<_>>()?;
            Ok((from.cast_unsigned(), found))
        })
    }

    fn spread(&self, from: u64, to: u64, messages: &[Message]) -> Done<bool> {
        self.change(|tx, county| {
            let first = tx
                .prepare_cached("UPDATE ledger SET spread = ?3 WHERE county = ?1 AND spread = ?2")?
                .execute(params![county, from as i64, to as i64])?
                == 1;
            if first {
                put_messages(tx, county, messages)?;
            }
            Ok(first)
        })
    }

    fn choices(&self, person: &str) -> Done<Option<Choices>> {
        self.see(|conn, county| {
            conn.prepare_cached(&format!("{CHOICES} WHERE county = ?1 AND person = ?2"))?
                .query_row(params![county, person], choices)
                .optional()
        })
    }

    fn put_choices(&self, new: &Choices) -> Done<()> {
        self.change(|tx, county| {
            tx.prepare_cached(
                "INSERT INTO choices (county, person, sealed, digest, told, feed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (county, person) DO UPDATE SET sealed = excluded.sealed,
                    digest = excluded.digest, told = excluded.told, feed = excluded.feed",
            )?
            .execute(params![
                county,
                new.person,
                new.sealed,
                new.digest.map(|at| at.0),
                new.told as i64,
                new.feed.map(|feed| feed.0),
            ])
            .map(|_| ())
        })
    }

    fn by_feed(&self, feed: Digest) -> Done<Option<String>> {
        self.see(|conn, county| {
            conn.prepare_cached("SELECT person FROM choices WHERE county = ?1 AND feed = ?2")?
                .query_row(params![county, feed.0], |row| row.get(0))
                .optional()
        })
    }

    fn digests(&self, until: Timestamp, limit: u32) -> Done<Vec<Choices>> {
        self.see(|conn, county| {
            conn.prepare_cached(&format!(
                "{CHOICES} WHERE county = ?1 AND digest <= ?2 ORDER BY digest, person LIMIT ?3"
            ))?
            .query_map(params![county, until.0, limit], choices)?
            .collect()
        })
    }

    fn put_digest(
        &self,
        person: &str,
        expect: Timestamp,
        next: Option<Timestamp>,
        told: u64,
        messages: &[Message],
    ) -> Done<bool> {
        self.change(|tx, county| {
            let first = tx
                .prepare_cached(
                    "UPDATE choices SET digest = ?4, told = ?5 WHERE county = ?1 AND person = ?2 AND digest = ?3",
                )?
                .execute(params![county, person, expect.0, next.map(|at| at.0), told as i64])?
                == 1;
            if first {
                put_messages(tx, county, messages)?;
            }
            Ok(first)
        })
    }

    fn put_message(&self, message: &Message) -> Done<()> {
        self.change(|tx, county| put_messages(tx, county, std::slice::from_ref(message)))
    }

    fn take(&self, now: Timestamp, until: Timestamp, limit: u32) -> Done<Vec<Message>> {
        let due = "SELECT 1 FROM message WHERE county = ?1 AND dead = 0 AND due <= ?2 LIMIT 1";
        let any = self.see(|conn, county| {
            conn.prepare_cached(due)?.query_row(params![county, now.0], |_| Ok(())).optional()
        })?;
        if any.is_none() {
            return Ok(Vec::new());
        }
        let mut taken: Vec<Message> = self.change(|tx, county| {
            tx.prepare_cached(&format!(
                "UPDATE message SET due = ?3, tries = tries + 1 WHERE county = ?1 AND id IN
                    (SELECT id FROM message WHERE county = ?1 AND dead = 0 AND due <= ?2 ORDER BY due LIMIT ?4)
                 RETURNING {MESSAGE}"
            ))?
            .query_map(params![county, now.0, until.0, limit], message)?
            .collect()
        })?;
        taken.sort_by_key(|message| (message.made, message.id));
        Ok(taken)
    }

    fn settle(&self, attempts: &[(Digest, u32, Attempt)]) -> Done<()> {
        if attempts.is_empty() {
            return Ok(());
        }
        self.change(|tx, county| {
            for (id, tries, attempt) in attempts {
                let (due, dead, error) = match attempt {
                    Attempt::Sent | Attempt::Dropped => {
                        tx.prepare_cached(
                            "DELETE FROM message WHERE county = ?1 AND id = ?2 AND tries = ?3 AND dead = 0",
                        )?
                        .execute(params![county, id.0, tries])?;
                        continue;
                    }
                    Attempt::Again { due, error } => (Some(due.0), false, error),
                    Attempt::Dead { error } => (None, true, error),
                };
                tx.prepare_cached(
                    "UPDATE message SET due = coalesce(?4, due), dead = ?5, error = ?6
                     WHERE county = ?1 AND id = ?2 AND tries = ?3 AND dead = 0",
                )?
                .execute(params![county, id.0, tries, due, dead, error])?;
            }
            Ok(())
        })
    }

    fn dead_letters(&self, before: Option<(Timestamp, Digest)>, limit: u32) -> Done<Vec<Message>> {
        let (at, id) = before.unwrap_or((Timestamp(i64::MAX), Digest([0xff; 32])));
        self.see(|conn, county| {
            conn.prepare_cached(&format!(
                "SELECT {MESSAGE} FROM message WHERE county = ?1 AND dead = 1 AND (made, id) < (?2, ?3)
                 ORDER BY made DESC, id DESC LIMIT ?4"
            ))?
            .query_map(params![county, at.0, id.0, limit], message)?
            .collect()
        })
    }

    fn dead_letter(&self, id: Digest) -> Done<Option<Message>> {
        self.see(|conn, county| {
            conn.prepare_cached(&format!(
                "SELECT {MESSAGE} FROM message WHERE county = ?1 AND id = ?2 AND dead = 1"
            ))?
            .query_row(params![county, id.0], message)
            .optional()
        })
    }

    fn decide(&self, decision: &Decision) -> Done<bool> {
        self.change(|tx, county| {
            let sql = if decision.again {
                "UPDATE message SET dead = 0, tries = 0, due = ?3 WHERE county = ?1 AND id = ?2 AND dead = 1"
            } else {
                "DELETE FROM message WHERE county = ?1 AND id = ?2 AND dead = 1 AND ?3 = ?3"
            };
            let found =
                tx.prepare_cached(sql)?.execute(params![county, decision.message.0, decision.at.0])? == 1;
            if found {
                tx.prepare_cached(
                    "INSERT INTO dead_letter_decision
                        (county, at, message, by, again, person, channel, subject, error)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                )?
                .execute(params![
                    county,
                    decision.at.0,
                    decision.message.0,
                    decision.by,
                    decision.again,
                    decision.person,
                    channel_number(decision.channel),
                    decision.subject,
                    decision.error,
                ])?;
            }
            Ok(found)
        })
    }

    fn decisions(&self, limit: u32) -> Done<Vec<Decision>> {
        self.see(|conn, county| {
            conn.prepare_cached(
                "SELECT message, at, by, again, person, channel, subject, error FROM dead_letter_decision
                 WHERE county = ?1 ORDER BY at DESC, message LIMIT ?2",
            )?
            .query_map(params![county, limit], |row| {
                Ok(Decision {
                    message: Digest(row.get(0)?),
                    at: Timestamp(row.get(1)?),
                    by: row.get(2)?,
                    again: row.get(3)?,
                    person: row.get(4)?,
                    channel: channel(row, 5)?,
                    subject: row.get(6)?,
                    error: row.get(7)?,
                })
            })?
            .collect()
        })
    }

    fn waiting(&self) -> Done<Waiting> {
        self.see(|conn, county| {
            let count = |dead: i64| -> Sql<u64> {
                conn.prepare_cached(if dead == 0 {
                    "SELECT count(*) FROM (SELECT 1 FROM message WHERE county = ?1 AND dead = 0 LIMIT ?2)"
                } else {
                    "SELECT count(*) FROM (SELECT 1 FROM message WHERE county = ?1 AND dead = 1 LIMIT ?2)"
                })?
                .query_row(params![county, COUNTED], |row| row.get::<_, i64>(0))
                .map(i64::cast_unsigned)
            };
            Ok(Waiting { waiting: count(0)?, dead: count(1)? })
        })
    }
}
