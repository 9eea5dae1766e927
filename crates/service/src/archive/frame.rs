//! What an archive is made of.

use gongzhi_base::canon::{Canon, Out, array, expect_array, ok};
use gongzhi_base::{CommandId, Digest, RecordId, Timestamp};
use gongzhi_kernel::chain::{Entry, Header};
use gongzhi_store::outbox::Choices;
use gongzhi_store::{Answer, Credential};
use minicbor::Decoder;
use minicbor::decode::Error;

/// One frame. Their order: begin, master key, settings, accounts with their choices, entries, answers, keys, files, end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Frame {
    Begin(Begin),
    /// The county's master key, 32 bytes; only where it was asked for.
    Master(Vec<u8>),
    Setting(String, Vec<u8>),
    Credential(Credential),
    /// How a person wants to be told; sealed.
    Choices(Choices),
    /// In the order of their sequence.
    Entries(Vec<Entry>),
    Answers(Vec<Answer>),
    /// Wrapped keys of records.
    Keys(Vec<(RecordId, Vec<u8>)>),
    /// An attachment, named by its content.
    File(Digest, Vec<u8>),
    End(End),
}

/// What the first frame says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Begin {
    pub county: String,
    /// How many entries it holds and the hash of the last.
    pub size: u64,
    pub hash: Digest,
    pub made: Timestamp,
    /// Version of the program that made it.
    pub program: String,
}

/// What the last frame says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct End {
    pub entries: u64,
    pub answers: u64,
    pub keys: u64,
    pub files: u64,
    /// Root of the log over all entries.
    pub root: Root,
}

/// A root; zeros before it is known.
pub type Root = [u8; 32];

// Tags of frames: part of the format, never renumbered.
const BEGIN: u8 = 0;
const MASTER: u8 = 1;
const SETTING: u8 = 2;
const CREDENTIAL: u8 = 3;
const ENTRIES: u8 = 4;
const ANSWERS: u8 = 5;
const KEYS: u8 = 6;
const FILE: u8 = 7;
const END: u8 = 8;
const CHOICES: u8 = 9;

/// Bytes as bytes, where a list of numbers would be meant otherwise.
fn put_bytes(out: &mut Out<'_>, bytes: &[u8]) {
    ok(out.bytes(bytes));
}

fn take_bytes(input: &mut Decoder<'_>) -> Result<Vec<u8>, Error> {
    input.bytes().map(<[u8]>::to_vec)
}

fn take_fixed<const N: usize>(input: &mut Decoder<'_>) -> Result<[u8; N], Error> {
    input.bytes()?.try_into().map_err(|_| Error::message("bytes of another length"))
}

fn take_list<T>(
    input: &mut Decoder<'_>,
    take: impl Fn(&mut Decoder<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let len = input.array()?.ok_or(Error::message("an array without length"))?;
    (0..len).map(|_| take(input)).collect()
}

fn put_entry(out: &mut Out<'_>, entry: &Entry) {
    array(out, 3);
    entry.header.put(out);
    put_bytes(out, &entry.salt);
    put_bytes(out, &entry.body);
}

fn take_entry(input: &mut Decoder<'_>) -> Result<Entry, Error> {
    expect_array(input, 3)?;
    let header = Header::take(input)?;
    let hash = header.hash();
    Ok(Entry { header, hash, salt: take_fixed(input)?, body: take_bytes(input)? })
}

fn put_answer(out: &mut Out<'_>, answer: &Answer) {
    array(out, 5);
    ok(out.str(answer.command.as_str()));
    answer.digest.put(out);
    answer.record.put(out);
    answer.revision.put(out);
    answer.seq.put(out);
}

fn take_answer(input: &mut Decoder<'_>) -> Result<Answer, Error> {
    expect_array(input, 5)?;
    Ok(Answer {
        command: CommandId::new(input.str()?).map_err(|_| Error::message("no identifier of a command"))?,
        digest: Canon::take(input)?,
        record: Canon::take(input)?,
        revision: Canon::take(input)?,
        seq: Canon::take(input)?,
    })
}

impl Canon for Frame {
    fn put(&self, out: &mut Out<'_>) {
        let mut head = |len: usize, tag: u8| {
            array(out, len + 1);
            tag.put(out);
        };
        match self {
            Frame::Begin(begin) => {
                head(5, BEGIN);
                begin.county.put(out);
                begin.size.put(out);
                begin.hash.put(out);
                begin.made.put(out);
                begin.program.put(out);
            }
            Frame::Master(key) => {
                head(1, MASTER);
                put_bytes(out, key);
            }
            Frame::Setting(name, value) => {
                head(2, SETTING);
                name.put(out);
                put_bytes(out, value);
            }
            Frame::Credential(account) => {
                head(3, CREDENTIAL);
                account.login.put(out);
                account.person.put(out);
                account.hash.put(out);
            }
            Frame::Choices(choices) => {
                head(5, CHOICES);
                choices.person.put(out);
                put_bytes(out, &choices.sealed);
                choices.digest.put(out);
                choices.told.put(out);
                choices.feed.put(out);
            }
            Frame::Entries(entries) => {
                head(1, ENTRIES);
                array(out, entries.len());
                entries.iter().for_each(|entry| put_entry(out, entry));
            }
            Frame::Answers(answers) => {
                head(1, ANSWERS);
                array(out, answers.len());
                answers.iter().for_each(|answer| put_answer(out, answer));
            }
            Frame::Keys(keys) => {
                head(1, KEYS);
                array(out, keys.len());
                for (record, key) in keys {
                    array(out, 2);
                    record.put(out);
                    put_bytes(out, key);
                }
            }
            Frame::File(digest, bytes) => {
                head(2, FILE);
                digest.put(out);
                put_bytes(out, bytes);
            }
            Frame::End(end) => {
                head(5, END);
                end.entries.put(out);
                end.answers.put(out);
                end.keys.put(out);
                end.files.put(out);
                put_bytes(out, &end.root);
            }
        }
    }

    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        let len = input.array()?.ok_or(Error::message("an array without length"))?;
        Ok(match (input.u8()?, len) {
            (BEGIN, 6) => Frame::Begin(Begin {
                county: Canon::take(input)?,
                size: Canon::take(input)?,
                hash: Canon::take(input)?,
                made: Canon::take(input)?,
                program: Canon::take(input)?,
            }),
            (MASTER, 2) => Frame::Master(take_bytes(input)?),
            (SETTING, 3) => Frame::Setting(Canon::take(input)?, take_bytes(input)?),
            (CREDENTIAL, 4) => Frame::Credential(Credential {
                login: Canon::take(input)?,
                person: Canon::take(input)?,
                hash: Canon::take(input)?,
            }),
            (CHOICES, 6) => Frame::Choices(Choices {
                person: Canon::take(input)?,
                sealed: take_bytes(input)?,
                digest: Canon::take(input)?,
                told: Canon::take(input)?,
                feed: Canon::take(input)?,
            }),
            (ENTRIES, 2) => Frame::Entries(take_list(input, take_entry)?),
            (ANSWERS, 2) => Frame::Answers(take_list(input, take_answer)?),
            (KEYS, 2) => Frame::Keys(take_list(input, |input| {
                expect_array(input, 2)?;
                Ok((RecordId::take(input)?, take_bytes(input)?))
            })?),
            (FILE, 3) => Frame::File(Canon::take(input)?, take_bytes(input)?),
            (END, 6) => Frame::End(End {
                entries: Canon::take(input)?,
                answers: Canon::take(input)?,
                keys: Canon::take(input)?,
                files: Canon::take(input)?,
                root: take_fixed(input)?,
            }),
            _ => return Err(Error::message("no frame of an archive")),
        })
    }
}
