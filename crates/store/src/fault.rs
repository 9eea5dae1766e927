//! What goes wrong in a database.

use std::fmt;

/// Why the certificate of a database's server is not believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Untrusted {
    /// None of the given roots vouches for it.
    Signer,
    /// It is made out to another name than the one by which the server is reached.
    Name,
    /// Its time is over.
    Expired,
    /// The server offers no encryption at all.
    Plain,
}

impl Untrusted {
    /// All of them.
    pub const ALL: [Untrusted; 4] =
        [Untrusted::Signer, Untrusted::Name, Untrusted::Expired, Untrusted::Plain];

    /// The word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Untrusted::Signer => "signer",
            Untrusted::Name => "name",
            Untrusted::Expired => "expired",
            Untrusted::Plain => "plain",
        }
    }
}

/// What changes all of a county and was cut off: it has to be run again before the county can be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unfinished {
    /// A rebuild of what is derived.
    Rebuild,
    /// A restore, or a move to here.
    Taking,
    /// A change of the master key.
    Rotating,
}

impl Unfinished {
    /// All of them.
    pub const ALL: [Unfinished; 3] = [Unfinished::Rebuild, Unfinished::Taking, Unfinished::Rotating];

    /// The word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Unfinished::Rebuild => "rebuilding",
            Unfinished::Taking => "taking",
            Unfinished::Rotating => "rotating",
        }
    }
}

/// What is wrong with a master key. Files are named as they were given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeyFault {
    /// Its file is missing or cannot be read.
    Unreadable { file: String, why: String },
    /// What stands there, in a file or a variable, is no key of 64 hexadecimal digits.
    NoKey { at: String },
    /// A new one cannot be written.
    Unwritten { file: String, why: String },
    /// It is another county's.
    Foreign,
}

impl KeyFault {
    /// The word for programs.
    pub fn word(&self) -> &'static str {
        match self {
            KeyFault::Unreadable { .. } => "unreadable",
            KeyFault::NoKey { .. } => "none",
            KeyFault::Unwritten { .. } => "unwritten",
            KeyFault::Foreign => "foreign",
        }
    }
}

/// What went wrong in a database. Shown, it is for the operator's log; the commands have their own words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StoreError {
    /// No room left on the disk: nothing was changed.
    Full,
    /// Another writer came first (several nodes): decide again.
    Conflict,
    /// A record that the batch begins, or the answer of one of its commands, is there already: look
    /// them up and decide again.
    Known,
    /// The database holds what this version does not understand or was damaged.
    Corrupt(String),
    /// The master key is missing, unreadable or another county's.
    Key(KeyFault),
    /// Something that changes all of the county was cut off.
    Unfinished(Unfinished),
    /// Others are connected to the county, by their names in the database; nobody is named who has it for himself alone
    /// to change its keys. Nothing was changed.
    Held(Vec<String>),
    /// The county's keys were changed while this process was away: it must be started again.
    CutOff,
    /// The database is reached, and its certificate is not believed: nothing was sent.
    Untrusted(Untrusted),
    /// The database's server cannot be reached, in the words of who tried.
    Away(String),
    /// Anything else, with the engine's words.
    Engine(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Full => f.write_str("no space left for the database"),
            StoreError::Conflict => f.write_str("another writer came first"),
            StoreError::Known => f.write_str("a command or a record is there already"),
            StoreError::Corrupt(what) => write!(f, "the database is damaged: {what}"),
            StoreError::Key(KeyFault::Unreadable { file, why } | KeyFault::Unwritten { file, why }) => {
                write!(f, "the master key: {file}: {why}")
            }
            StoreError::Key(KeyFault::NoKey { at }) => write!(f, "{at} holds no master key"),
            StoreError::Key(KeyFault::Foreign) => f.write_str("the master key is not the one of this county"),
            StoreError::Unfinished(what) => write!(f, "the county is not whole: {}", what.word()),
            StoreError::Untrusted(why) => {
                write!(f, "the database's certificate is not believed: {}", why.word())
            }
            StoreError::Held(by) if by.is_empty() => f.write_str("the county's keys are being changed"),
            StoreError::Held(by) => write!(f, "others are connected to the county: {}", by.join(", ")),
            StoreError::CutOff => f.write_str(
                "the county's keys were changed while this server was away, so that it was cut off: start it again",
            ),
            StoreError::Away(why) => write!(f, "PostgreSQL cannot be reached: {why}"),
            StoreError::Engine(what) => write!(f, "the database failed: {what}"),
        }
    }
}

impl std::error::Error for StoreError {}
