//! One connection to the server, driven by the thread that asks.
//!
//! Each connection has a small runtime of its own, so that a question and its answer change no
//! thread. It may be asked from any thread, also from within a runtime of several threads.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::task::{Poll, ready};
use std::time::Duration;

use futures_util::Stream as _;
use futures_util::future::{join, join_all};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Mutex, mpsc};
use tokio::task::block_in_place;
use tokio_postgres::types::{FromSql, ToSql};
use tokio_postgres::{AsyncMessage, Client, Row, Statement};

use super::access::Access;
use super::error::{Done, Fault, unreadable, words};
use super::pool::away;
use crate::StoreError;

/// What a statement is given.
pub(super) type Arg<'a> = Box<dyn ToSql + Sync + 'a>;

/// An answer that takes longer never comes: the network or the server is gone.
const LIMIT: Duration = Duration::from_secs(60);
/// The same while a connection is made.
const CONNECTING: Duration = Duration::from_secs(8);
/// Statements kept prepared; lists come in some hundred shapes.
const PREPARED: usize = 400;

/// How every connection is set. The planner is told what the tables are made for: index ranges that
/// are already in the wanted order, however old its statistics are; a plan made once is kept.
/// A server that was halted within a transaction must not hold up the others for longer than a moment.
/// Long values are packed by LZ4 where the server was built with it: packing them its own way took the server a sixth
/// of its time in a rebuild.
const SESSION: &str = "
    SET search_path = gongzhi;
    SET plan_cache_mode = force_generic_plan;
    SET jit = off;
    SET enable_seqscan = off;
    SET enable_sort = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
    SET client_min_messages = error;
    SET default_transaction_isolation = 'read committed';
    SET idle_in_transaction_session_timeout = '5s';
    SET lock_timeout = '20s';
    SET gin_pending_list_limit = '64kB';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
    SELECT set_config(name, 'lz4', false) FROM pg_settings
        WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals)";

/// A connection with its prepared statements.
pub(super) struct Link {
    client: Client,
    statements: RefCell<HashMap<String, Statement>>,
    merged: RefCell<HashMap<Shape, Statement>>,
    notices: Mutex<mpsc::UnboundedReceiver<Notice>>,
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // The last holder may be a task of another runtime, which must not wait.
            runtime.shutdown_background();
        }
    }
}

impl Link {
    /// Connects and sets the session up, if it may come in. Whoever does not even answer is not tried again and again, as
    /// one is who refuses: that would last for minutes.
    pub(super) fn connect(access: &Access) -> Done<Link> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| StoreError::Engine(error.to_string()))?;
        let (send, notices) = mpsc::unbounded_channel();
        let connecting = async {
            let (client, mut connection) = access.config.connect(access.tls.clone()).await.map_err(late)?;
            let talk = poll_fn(move |cx| {
                loop {
                    match ready!(connection.poll_message(cx)) {
                        Some(Ok(AsyncMessage::Notification(said))) => {
                            let size = said.payload().parse().unwrap_or(u64::MAX);
                            let notice = Notice { process: said.process_id(), size };
                            let _ = send.send(notice);
                        }
                        Some(Ok(_)) => {}
                        Some(Err(_)) | None => return Poll::Ready(()),
                    }
                }
            });
            tokio::spawn(talk);
            client.batch_execute(SESSION).await?;
            Ok::<Client, Fault>(client)
        };
        let timed = async { tokio::time::timeout(CONNECTING, connecting).await };
        let client = block_in_place(|| runtime.block_on(timed))
            .unwrap_or_else(|_| Err(away("it does not answer").into()))?;
        let link = Link {
            client,
            statements: RefCell::default(),
            merged: RefCell::default(),
            notices: Mutex::new(notices),
            runtime: Some(runtime),
        };
        link.run(access.enter(&link))?;
        Ok(link)
    }

    /// Works with this connection until it is done, at most a minute.
    pub(super) fn run<T>(&self, work: impl Future<Output = Done<T>>) -> Done<T> {
        self.run_at_most(LIMIT, work)
    }

    /// The same for work that takes as long as the ledger is big.
    pub(super) fn run_long<T>(&self, work: impl Future<Output = Done<T>>) -> Done<T> {
        self.run_at_most(Duration::from_secs(24 * 3600), work)
    }

    fn run_at_most<T>(&self, limit: Duration, work: impl Future<Output = Done<T>>) -> Done<T> {
        let Some(runtime) = &self.runtime else { return Err(Fault::Lost("it is closed".to_owned())) };
        let timed = async { tokio::time::timeout(limit, work).await };
        block_in_place(|| runtime.block_on(timed))
            .unwrap_or_else(|_| Err(Fault::Lost("it does not answer".to_owned())))
    }

    /// A statement, prepared once.
    pub(super) async fn prepare(&self, sql: &str) -> Done<Statement> {
        if let Some(statement) = self.statements.borrow().get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await?;
        let mut statements = self.statements.borrow_mut();
        if statements.len() >= PREPARED {
            statements.clear();
        }
        statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Rows of one statement.
    pub(super) async fn query(&self, sql: &str, args: &[&(dyn ToSql + Sync)]) -> Done<Vec<Row>> {
        let statement = self.prepare(sql).await?;
        Ok(self.client.query(&statement, args).await?)
    }

    /// The first row of one statement.
    pub(super) async fn first(&self, sql: &str, args: &[&(dyn ToSql + Sync)]) -> Done<Option<Row>> {
        Ok(self.query(sql, args).await?.into_iter().next())
    }

    /// Rows of a composed statement.
    pub(super) async fn composed(&self, sql: &str, args: &[Arg<'_>]) -> Done<Vec<Row>> {
        let args = borrowed(args);
        self.query(sql, &args).await
    }

    /// Rows of one statement, one after another as they come: for what may be too much to hold.
    pub(super) async fn each(
        &self,
        sql: &str,
        args: &[&(dyn ToSql + Sync)],
        mut take: impl FnMut(&Row) -> Done<()>,
    ) -> Done<()> {
        let statement = self.prepare(sql).await?;
        let args = args.iter().map(|arg| *arg as &dyn ToSql);
        let mut rows = std::pin::pin!(self.client.query_raw(&statement, args).await?);
        while let Some(row) = poll_fn(|cx| rows.as_mut().poll_next(cx)).await {
            take(&row?)?;
        }
        Ok(())
    }

    /// Runs one statement; how many rows it changed.
    pub(super) async fn execute(&self, sql: &str, args: &[&(dyn ToSql + Sync)]) -> Done<u64> {
        let statement = self.prepare(sql).await?;
        Ok(self.client.execute(&statement, args).await?)
    }

    /// Several statements without parameters, in one message.
    pub(super) async fn script(&self, sql: &str) -> Done<()> {
        Ok(self.client.batch_execute(sql).await?)
    }

    /// Sends statements one after another without waiting for their answers, and then takes these:
    /// one round trip. Gives the rows of each; the first error counts, as those after it follow from
    /// it.
    pub(super) async fn pipeline(&self, steps: &[Step<'_>]) -> Done<Vec<Vec<Row>>> {
        let mut prepared = Vec::with_capacity(steps.len());
        for step in steps {
            prepared.push(self.prepare(step.sql).await?);
        }
        let sent = steps.iter().zip(&prepared).map(|(step, statement)| {
            let args = borrowed(&step.args);
            async move { self.client.query(statement, &args).await }
        });
        let mut answers = Vec::with_capacity(steps.len());
        for answer in join_all(sent).await {
            answers.push(answer?);
        }
        Ok(answers)
    }

    /// Does something and then tells whoever listens on a channel, in the same round trip. The work must send all that it
    /// sends when it is polled first, or have a transaction open: else it would be told before it is done. What was done
    /// stands even if nobody could be told: listeners look by themselves now and then.
    pub(super) async fn and_tell(
        &self,
        work: impl Future<Output = Done<()>>,
        told: Option<Told<'_>>,
    ) -> Done<()> {
        match told {
            Some(told) => join(work, self.tell(told)).await.0,
            None => work.await,
        }
    }

    /// Prepares statements that are to be run [as one](Link::at_once), which then sends when it is polled first.
    pub(super) async fn ready(&self, steps: &[Step<'_>]) -> Done<Statement> {
        let shape: Shape = steps.iter().map(|step| step.sql.as_ptr() as usize).collect();
        if let Some(known) = self.merged.borrow().get(&shape) {
            return Ok(known.clone());
        }
        let statement = self.client.prepare(&merged(steps)).await?;
        let mut merged = self.merged.borrow_mut();
        if merged.len() >= PREPARED {
            merged.clear();
        }
        merged.insert(shape, statement.clone());
        Ok(statement)
    }

    /// Runs statements as one, which is a transaction of its own and much less work for both sides than
    /// each by itself. They share the first parameter, see the same state of the tables, and
    /// none may change a row that another one changes. The first one is done before all others and must
    /// give one row: else nothing is done, and that is an error of the server (division by zero). `open` says that
    /// a transaction is open already: then it ends with them, in the same round trip.
    pub(super) async fn at_once(&self, steps: &[Step<'_>], open: bool) -> Done<()> {
        let statement = self.ready(steps).await?;
        let shared = steps.iter().take(1).flat_map(|step| step.args.iter().take(1));
        let own = steps.iter().flat_map(|step| step.args.iter().skip(1));
        let args: Vec<_> = shared.chain(own).map(|arg| &**arg as &(dyn ToSql + Sync)).collect();
        let end = async { if open { self.script("COMMIT").await } else { Ok(()) } };
        let (done, ended) = join(self.client.query(&statement, &args), end).await;
        done?;
        ended
    }

    async fn tell(&self, Told { channel, text }: Told<'_>) -> Done<()> {
        let tell = self.prepare(TELL).await?;
        self.client.query(&tell, &[&channel, &text]).await?;
        Ok(())
    }

    /// Waits until the server tells something that was listened for.
    pub(super) async fn notice(&self) -> Done<Notice> {
        let mut notices = self.notices.lock().await;
        notices.recv().await.ok_or_else(|| Fault::Lost("it was closed".to_owned()))
    }

    /// The number of the server's process behind this connection.
    pub(super) fn process(&self) -> Done<i32> {
        match self.run(self.first("SELECT pg_backend_pid()", &[]))? {
            Some(row) => get(&row, 0),
            None => Err(unreadable("nothing")),
        }
    }
}

/// An error of connecting, of which a silence is told apart.
fn late(error: tokio_postgres::Error) -> Fault {
    let silent = std::error::Error::source(&error)
        .and_then(|cause| cause.downcast_ref::<std::io::Error>())
        .is_some_and(|cause| cause.kind() == std::io::ErrorKind::TimedOut);
    if silent { away(&words(&error)).into() } else { error.into() }
}

/// That the ledger has grown: by which connection, and to how many entries.
#[derive(Clone, Copy)]
pub(super) struct Notice {
    pub process: i32,
    pub size: u64,
}

/// What is told whoever listens on a channel.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub channel: &'a str,
    pub text: &'a str,
}

/// Tells whoever listens on a channel, when the transaction is durable.
pub(super) const TELL: &str = "SELECT pg_notify($1, $2)";

/// Which statements are run as one, by where their texts lie.
type Shape = Vec<usize>;

/// The text of statements run as one. What a part changes in its tables is done to the end whether or
/// not anybody reads it; what the last line reads is done first.
fn merged(steps: &[Step<'_>]) -> String {
    let mut text = String::new();
    let mut shift = 0;
    for (at, step) in steps.iter().enumerate() {
        text.push_str(if at == 0 { "WITH " } else { ", " });
        text.push_str(&format!("part{at} AS ("));
        let mut rest = step.sql;
        while let Some((before, after)) = rest.split_once('$') {
            let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
            let number: usize = after[..digits].parse().unwrap_or(0);
            let number = if number > 1 { number + shift } else { number };
            text.push_str(&format!("{before}${number}"));
            rest = &after[digits..];
        }
        text.push_str(rest);
        text.push(')');
        shift += step.args.len().saturating_sub(1);
    }
    text.push_str(" SELECT 1 / count(*) FROM part0");
    text
}

/// A statement to be sent with others.
pub(super) struct Step<'a> {
    sql: &'static str,
    args: Vec<Arg<'a>>,
}

/// A statement to be sent with others.
pub(super) fn step<'a>(sql: &'static str, args: Vec<Arg<'a>>) -> Step<'a> {
    Step { sql, args }
}

fn borrowed<'a>(args: &'a [Arg<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    args.iter().map(|arg| &**arg as &(dyn ToSql + Sync)).collect()
}

/// A parameter.
pub(super) fn arg<'a>(value: impl ToSql + Sync + 'a) -> Arg<'a> {
    Box::new(value)
}

/// A column's value.
pub(super) fn get<'a, T: FromSql<'a>>(row: &'a Row, at: usize) -> Done<T> {
    row.try_get(at).map_err(unreadable)
}

/// A column that holds a count.
pub(super) fn count(row: &Row, at: usize) -> Done<u64> {
    let value: i64 = get(row, at)?;
    u64::try_from(value).map_err(|_| unreadable(format!("number {value}")))
}

/// A column of so many bytes.
pub(super) fn bytes<const N: usize>(row: &Row, at: usize) -> Done<[u8; N]> {
    let value: &[u8] = get(row, at)?;
    value.try_into().map_err(|_| unreadable(format!("{} bytes instead of {N}", value.len())))
}
