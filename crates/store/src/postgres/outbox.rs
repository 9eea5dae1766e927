//! Notices, choices and messages.

use gongzhi_base::{Digest, RecordId, Timestamp, Words};
use gongzhi_kernel::notice::Notice;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::Postgres;
use super::error::{Done, unreadable};
use super::link::{Link, Step, arg, bytes, count, get, step};
use super::read::position;
use crate::outbox::{Attempt, Channel, Choices, Decision, Mark, Message, Outbox, Told, Waiting};
use crate::{Batch, StoreError};

/// Unread notices are counted up to here, messages up to the other.
const UNREAD: i64 = 100;
const COUNTED: i64 = 1_000;

/// Adds the notices of a batch.
pub(super) fn put<'a>(county: &'a str, batch: &'a Batch, steps: &mut Vec<Step<'a>>) {
    let notices = &batch.notices;
    if notices.is_empty() {
        return;
    }
    let sql = "INSERT INTO notice (county, seq, n, at, record, mechanism, rule, zh, en, people)
        SELECT $1, n.* FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[], $6::text[], $7::text[], $8::text[],
            $9::text[], $10::text[]) AS n";
    let args = vec![
        arg(county),
        arg(notices.iter().map(|(mark, _)| position(mark.seq)).collect::<Vec<_>>()),
        arg(notices.iter().map(|(mark, _)| i64::from(mark.n)).collect::<Vec<_>>()),
        arg(notices.iter().map(|(_, notice)| notice.at.0).collect::<Vec<_>>()),
        arg(notices.iter().map(|(_, notice)| notice.record.0.as_slice()).collect::<Vec<_>>()),
        arg(notices.iter().map(|(_, notice)| notice.mechanism.as_str()).collect::<Vec<_>>()),
        arg(notices.iter().map(|(_, notice)| notice.rule.as_str()).collect::<Vec<_>>()),
        arg(notices.iter().map(|(_, notice)| notice.text.zh.as_str()).collect::<Vec<_>>()),
        arg(notices.iter().map(|(_, notice)| notice.text.en.as_str()).collect::<Vec<_>>()),
        arg(notices.iter().map(|(_, notice)| notice.to.join("\n")).collect::<Vec<_>>()),
    ];
    steps.push(step(sql, args));
    let told: Vec<(&str, Mark)> = notices
        .iter()
        .flat_map(|(mark, notice)| notice.to.iter().map(move |person| (person.as_str(), *mark)))
        .collect();
    let sql = "INSERT INTO notice_for (county, person, read, seq, n)
        SELECT $1, n.person, FALSE, n.seq, n.n
        FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS n (person, seq, n)";
    let args = vec![
        arg(county),
        arg(told.iter().map(|(person, _)| *person).collect::<Vec<_>>()),
        arg(told.iter().map(|(_, mark)| position(mark.seq)).collect::<Vec<_>>()),
        arg(told.iter().map(|(_, mark)| i64::from(mark.n)).collect::<Vec<_>>()),
    ];
    steps.push(step(sql, args));
}

const TOLD: &str = "SELECT f.seq, f.n, f.read, n.record, n.mechanism, n.rule, n.at, n.zh, n.en
    FROM notice_for f JOIN notice n ON n.county = f.county AND n.seq = f.seq AND n.n = f.n
    WHERE f.county = $1 AND f.person = $2";

fn small(row: &Row, at: usize) -> Done<u32> {
    u32::try_from(get::<i64>(row, at)?).map_err(unreadable)
}

fn mark(row: &Row, at: usize) -> Done<Mark> {
    Ok(Mark { seq: count(row, at)?, n: small(row, at + 1)? })
}

fn told(row: &Row) -> Done<Told> {
    Ok(Told {
        mark: mark(row, 0)?,
        read: get(row, 2)?,
        record: RecordId(bytes(row, 3)?),
        mechanism: get(row, 4)?,
        rule: get(row, 5)?,
        at: Timestamp(get(row, 6)?),
        text: Words::new(get::<String>(row, 7)?, get::<String>(row, 8)?),
    })
}

fn channel_number(channel: Channel) -> i64 {
    match channel {
        Channel::Mail => 0,
        Channel::Hook => 1,
    }
}

fn channel(row: &Row, at: usize) -> Done<Channel> {
    Ok(if get::<i64>(row, at)? == 0 { Channel::Mail } else { Channel::Hook })
}

const MESSAGE: &str = "id, person, channel, subject, text, link, made, due, tries, error";

fn message(row: &Row) -> Done<Message> {
    Ok(Message {
        id: Digest(bytes(row, 0)?),
        person: get(row, 1)?,
        channel: channel(row, 2)?,
        subject: get(row, 3)?,
        text: get(row, 4)?,
        link: get(row, 5)?,
        made: Timestamp(get(row, 6)?),
        due: Timestamp(get(row, 7)?),
        tries: small(row, 8)?,
        error: get(row, 9)?,
    })
}

/// Messages under a condition on rows that one statement changed: only then are they written. The
/// statement's parameters are `$12` and more.
async fn put_messages(
    link: &Link,
    county: &str,
    condition: &str,
    more: &[&(dyn ToSql + Sync)],
    messages: &[Message],
) -> Done<bool> {
    // One statement, so that the condition and the messages stand or fall together.
    let sql = format!(
        "WITH first AS ({condition}), made AS (
             INSERT INTO message (county, id, person, channel, subject, text, link, made, due, tries, error, dead)
             SELECT $1, n.*, FALSE FROM first, unnest($2::bytea[], $3::text[], $4::bigint[], $5::text[], $6::text[],
                 $7::text[], $8::bigint[], $9::bigint[], $10::bigint[], $11::text[]) AS n
             ON CONFLICT DO NOTHING
         ) SELECT 1 FROM first"
    );
    let ids: Vec<&[u8]> = messages.iter().map(|one| one.id.0.as_slice()).collect();
    let people: Vec<&str> = messages.iter().map(|one| one.person.as_str()).collect();
    let channels: Vec<i64> = messages.iter().map(|one| channel_number(one.channel)).collect();
    let subjects: Vec<&str> = messages.iter().map(|one| one.subject.as_str()).collect();
    let texts: Vec<&str> = messages.iter().map(|one| one.text.as_str()).collect();
    let links: Vec<&str> = messages.iter().map(|one| one.link.as_str()).collect();
    let made: Vec<i64> = messages.iter().map(|one| one.made.0).collect();
    let due: Vec<i64> = messages.iter().map(|one| one.due.0).collect();
    let tries: Vec<i64> = messages.iter().map(|one| i64::from(one.tries)).collect();
    let errors: Vec<&str> = messages.iter().map(|one| one.error.as_str()).collect();
    let mut args: Vec<&(dyn ToSql + Sync)> =
        vec![&county, &ids, &people, &channels, &subjects, &texts, &links, &made, &due, &tries, &errors];
    args.extend(more);
    Ok(!link.query(&sql, &args).await?.is_empty())
}

const CHOICES: &str = "SELECT person, sealed, digest, told, feed FROM choices";

fn choices(row: &Row) -> Done<Choices> {
    let feed: Option<&[u8]> = get(row, 4)?;
    Ok(Choices {
        person: get(row, 0)?,
        sealed: get(row, 1)?,
        digest: get::<Option<i64>>(row, 2)?.map(Timestamp),
        told: count(row, 3)?,
        feed: feed.map(|feed| feed.try_into().map(Digest).map_err(unreadable)).transpose()?,
    })
}

fn notice(row: &Row) -> Done<(Mark, Notice)> {
    let people: &str = get(row, 8)?;
    let notice = Notice {
        record: RecordId(bytes(row, 2)?),
        mechanism: get(row, 3)?,
        rule: get(row, 4)?,
        at: Timestamp(get(row, 5)?),
        text: Words::new(get::<String>(row, 6)?, get::<String>(row, 7)?),
        to: people.split('\n').map(str::to_owned).collect(),
    };
    Ok((mark(row, 0)?, notice))
}

fn decision(row: &Row) -> Done<Decision> {
    Ok(Decision {
        message: Digest(bytes(row, 0)?),
        at: Timestamp(get(row, 1)?),
        by: get(row, 2)?,
        again: get(row, 3)?,
        person: get(row, 4)?,
        channel: channel(row, 5)?,
        subject: get(row, 6)?,
        error: get(row, 7)?,
    })
}

/// The first column of the first row, as a count.
async fn counted(link: &Link, sql: &str, args: &[&(dyn ToSql + Sync)]) -> Done<u64> {
    link.first(sql, args).await?.map_or(Ok(0), |row| count(&row, 0))
}

impl Outbox for Postgres {
    fn notices(
        &self,
        person: &str,
        read: bool,
        before: Option<Mark>,
        limit: u32,
    ) -> Result<Vec<Told>, StoreError> {
        let (seq, n) = before.map_or((i64::MAX, i64::MAX), |mark| (position(mark.seq), i64::from(mark.n)));
        let sql = format!(
            "{TOLD} AND f.read = $3 AND (f.seq, f.n) < ($4, $5) ORDER BY f.seq DESC, f.n DESC LIMIT $6"
        );
        self.pool.run(async |link| {
            let args: [&(dyn ToSql + Sync); 6] = [&self.county, &person, &read, &seq, &n, &i64::from(limit)];
            link.query(&sql, &args).await?.iter().map(told).collect()
        })
    }

    fn unread(&self, person: &str) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM
            (SELECT 1 FROM notice_for WHERE county = $1 AND person = $2 AND NOT read LIMIT $3) AS found";
        self.pool.run(async |link| counted(link, sql, &[&self.county, &person, &UNREAD]).await)
    }

    fn notice(&self, person: &str, mark: Mark) -> Result<Option<Told>, StoreError> {
        let sql = format!("{TOLD} AND f.read IN (FALSE, TRUE) AND f.seq = $3 AND f.n = $4");
        self.pool.run(async |link| {
            let args: [&(dyn ToSql + Sync); 4] =
                [&self.county, &person, &position(mark.seq), &i64::from(mark.n)];
            link.first(&sql, &args).await?.as_ref().map(told).transpose()
        })
    }

    fn read(&self, person: &str, mark: Mark, all: bool) -> Result<(), StoreError> {
        let those = if all { "(seq, n) <= ($3, $4)" } else { "seq = $3 AND n = $4" };
        let sql = format!(
            "UPDATE notice_for SET read = TRUE WHERE county = $1 AND person = $2 AND NOT read AND {those}"
        );
        self.pool.run(async |link| {
            let args: [&(dyn ToSql + Sync); 4] =
                [&self.county, &person, &position(mark.seq), &i64::from(mark.n)];
            link.execute(&sql, &args).await.map(drop)
        })
    }

    fn forget(&self, before: u64, limit: u32) -> Result<u32, StoreError> {
        let sql = "WITH old AS (
                SELECT seq, n, people FROM notice WHERE county = $1 AND seq < $2 ORDER BY seq, n LIMIT $3
            ), gone AS (
                DELETE FROM notice d USING old WHERE d.county = $1 AND d.seq = old.seq AND d.n = old.n RETURNING 1
            ), gone_for AS (
                DELETE FROM notice_for d USING old CROSS JOIN LATERAL string_to_table(old.people, E'\\n') AS p (person)
                WHERE d.county = $1 AND d.person = p.person AND d.read IN (FALSE, TRUE) AND d.seq = old.seq
                    AND d.n = old.n
            ) SELECT count(*) FROM gone";
        let gone = self.pool.run(async |link| {
            counted(link, sql, &[&self.county, &position(before), &i64::from(limit)]).await
        })?;
        Ok(u32::try_from(gone).unwrap_or(u32::MAX))
    }

    fn unspread(&self, limit: u32) -> Result<(u64, Vec<(Mark, Notice)>), StoreError> {
        let sql = "SELECT seq, n, record, mechanism, rule, at, zh, en, people FROM notice
                   WHERE county = $1 AND seq >= $2 ORDER BY seq, n LIMIT $3";
        self.pool.run(async |link| {
            let from = counted(link, "SELECT spread FROM ledger WHERE county = $1", &[&self.county]).await?;
            let rows = link.query(sql, &[&self.county, &position(from), &i64::from(limit)]).await?;
            Ok((from, rows.iter().map(notice).collect::<Done<_>>()?))
        })
    }

    fn spread(&self, from: u64, to: u64, messages: &[Message]) -> Result<bool, StoreError> {
        let condition = "UPDATE ledger SET spread = $13 WHERE county = $1 AND spread = $12 RETURNING 1";
        self.pool.run(async |link| {
            put_messages(link, &self.county, condition, &[&position(from), &position(to)], messages).await
        })
    }

    fn choices(&self, person: &str) -> Result<Option<Choices>, StoreError> {
        let sql = format!("{CHOICES} WHERE county = $1 AND person = $2");
        self.pool.run(async |link| {
            link.first(&sql, &[&self.county, &person]).await?.as_ref().map(choices).transpose()
        })
    }

    fn put_choices(&self, new: &Choices) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO choices (county, person, sealed, digest, told, feed) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (county, person) DO UPDATE SET sealed = excluded.sealed, digest = excluded.digest,
                told = excluded.told, feed = excluded.feed";
        let digest = new.digest.map(|at| at.0);
        let feed = new.feed.as_ref().map(|feed| feed.0.as_slice());
        self.pool.run(async |link| {
            let args: [&(dyn ToSql + Sync); 6] =
                [&self.county, &new.person, &new.sealed, &digest, &position(new.told), &feed];
            link.execute(sql, &args).await.map(drop)
        })
    }

    fn by_feed(&self, feed: Digest) -> Result<Option<String>, StoreError> {
        let sql = "SELECT person FROM choices WHERE county = $1 AND feed = $2";
        self.pool.run(async |link| {
            link.first(sql, &[&self.county, &feed.0.as_slice()]).await?.map(|row| get(&row, 0)).transpose()
        })
    }

    fn digests(&self, until: Timestamp, limit: u32) -> Result<Vec<Choices>, StoreError> {
        let sql = format!("{CHOICES} WHERE county = $1 AND digest <= $2 ORDER BY digest, person LIMIT $3");
        self.pool.run(async |link| {
            let rows = link.query(&sql, &[&self.county, &until.0, &i64::from(limit)]).await?;
            rows.iter().map(choices).collect()
        })
    }

    fn put_digest(
        &self,
        person: &str,
        expect: Timestamp,
        next: Option<Timestamp>,
        told: u64,
        messages: &[Message],
    ) -> Result<bool, StoreError> {
        let condition = "UPDATE choices SET digest = $14, told = $15
            WHERE county = $1 AND person = $12 AND digest = $13 RETURNING 1";
        let next = next.map(|at| at.0);
        self.pool.run(async |link| {
            let more: [&(dyn ToSql + Sync); 4] = [&person, &expect.0, &next, &position(told)];
            put_messages(link, &self.county, condition, &more, messages).await
        })
    }

    fn put_message(&self, message: &Message) -> Result<(), StoreError> {
        let one = std::slice::from_ref(message);
        self.pool.run(async |link| put_messages(link, &self.county, "SELECT 1", &[], one).await).map(drop)
    }

    fn take(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<Message>, StoreError> {
        // What another node is taking at this moment is left to it.
        let sql = format!(
            "UPDATE message SET due = $3, tries = tries + 1 WHERE county = $1 AND id = ANY(ARRAY(
                 SELECT id FROM message WHERE county = $1 AND NOT dead AND due <= $2
                 ORDER BY due LIMIT $4 FOR UPDATE SKIP LOCKED))
             RETURNING {MESSAGE}"
        );
        let mut taken: Vec<Message> = self.pool.run(async |link| {
            let args: [&(dyn ToSql + Sync); 4] = [&self.county, &now.0, &until.0, &i64::from(limit)];
            link.query(&sql, &args).await?.iter().map(message).collect()
        })?;
        taken.sort_by_key(|message| (message.made, message.id));
        Ok(taken)
    }

    fn settle(&self, attempts: &[(Digest, u32, Attempt)]) -> Result<(), StoreError> {
        let mut steps = vec![step("BEGIN", vec![])];
        for (id, tries, attempt) in attempts {
            let mut args = vec![arg(self.county.as_str()), arg(id.0.as_slice()), arg(i64::from(*tries))];
            let (due, dead, error) = match attempt {
                Attempt::Sent | Attempt::Dropped => {
                    let sql = "DELETE FROM message WHERE county = $1 AND id = $2 AND tries = $3 AND NOT dead";
                    steps.push(step(sql, args));
                    continue;
                }
                Attempt::Again { due, error } => (Some(due.0), false, error),
                Attempt::Dead { error } => (None, true, error),
            };
            args.extend([arg(due), arg(dead), arg(error.as_str())]);
            let sql = "UPDATE message SET due = coalesce($4, due), dead = $5, error = $6
                WHERE county = $1 AND id = $2 AND tries = $3 AND NOT dead";
            steps.push(step(sql, args));
        }
        steps.push(step("COMMIT", vec![]));
        self.pool.run(async |link| link.pipeline(&steps).await.map(drop))
    }

    fn dead_letters(
        &self,
        before: Option<(Timestamp, Digest)>,
        limit: u32,
    ) -> Result<Vec<Message>, StoreError> {
        let (at, id) = before.unwrap_or((Timestamp(i64::MAX), Digest([0xff; 32])));
        let sql = format!(
            "SELECT {MESSAGE} FROM message WHERE county = $1 AND dead AND (made, id) < ($2, $3)
             ORDER BY made DESC, id DESC LIMIT $4"
        );
        self.pool.run(async |link| {
            let args: [&(dyn ToSql + Sync); 4] = [&self.county, &at.0, &id.0.as_slice(), &i64::from(limit)];
            link.query(&sql, &args).await?.iter().map(message).collect()
        })
    }

    fn dead_letter(&self, id: Digest) -> Result<Option<Message>, StoreError> {
        let sql = format!("SELECT {MESSAGE} FROM message WHERE county = $1 AND id = $2 AND dead");
        self.pool.run(async |link| {
            link.first(&sql, &[&self.county, &id.0.as_slice()]).await?.as_ref().map(message).transpose()
        })
    }

    fn decide(&self, decision: &Decision) -> Result<bool, StoreError> {
        let change = if decision.again {
            "UPDATE message SET dead = FALSE, tries = 0, due = $2 WHERE county = $1 AND id = $3 AND dead"
        } else {
            "DELETE FROM message WHERE county = $1 AND id = $3 AND dead"
        };
        let sql = format!(
            "WITH found AS ({change} RETURNING 1)
             INSERT INTO dead_letter_decision (county, at, message, by, again, person, channel, subject, error)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 FROM found"
        );
        self.pool.run(async |link| {
            let args: [&(dyn ToSql + Sync); 9] = [
                &self.county,
                &decision.at.0,
                &decision.message.0.as_slice(),
                &decision.by,
                &decision.again,
                &decision.person,
                &channel_number(decision.channel),
                &decision.subject,
                &decision.error,
            ];
            Ok(link.execute(&sql, &args).await? == 1)
        })
    }

    fn decisions(&self, limit: u32) -> Result<Vec<Decision>, StoreError> {
        let sql = "SELECT message, at, by, again, person, channel, subject, error FROM dead_letter_decision
                   WHERE county = $1 ORDER BY at DESC, message LIMIT $2";
        self.pool.run(async |link| {
            link.query(sql, &[&self.county, &i64::from(limit)]).await?.iter().map(decision).collect()
        })
    }

    fn waiting(&self) -> Result<Waiting, StoreError> {
        let sql = "SELECT
            (SELECT count(*) FROM (SELECT 1 FROM message WHERE county = $1 AND NOT dead LIMIT $2) AS found),
            (SELECT count(*) FROM (SELECT 1 FROM message WHERE county = $1 AND dead LIMIT $2) AS found)";
        self.pool.run(async |link| match link.first(sql, &[&self.county, &COUNTED]).await? {
            Some(row) => Ok(Waiting { waiting: count(&row, 0)?, dead: count(&row, 1)? }),
            None => Ok(Waiting::default()),
        })
    }
}
