//! What every engine must do, as cases that run against any [`Ledger`].
//!
//! The cases panic where an engine fails, as tests do. An engine's tests call [`run`] with a way to
//! make empty ledgers of the county [`fixture::COUNTY`].

mod accounts;
mod claims;
pub mod fixture;
mod lists;
mod log;
mod outbox;
mod searching;
mod writing;

use crate::Ledger;

/// Makes an empty ledger.
pub type Make<'a> = &'a dyn Fn() -> Box<dyn Ledger>;

/// A case: its name and what it does.
type Case = (&'static str, fn(Make<'_>));

const CASES: &[Case] = &[
    ("entries continue the chain and read back", writing::chain),
    ("a batch on another head is a conflict", writing::conflict),
    ("what was taken for new and is not is told", writing::known),
    ("an entry that does not continue the ledger is refused", writing::gap),
    ("the same command finds its answer", writing::answers),
    ("a failing batch changes nothing", writing::atomic),
    ("records read back as they were written", writing::records),
    ("cells add up", writing::cells),
    ("figures asked again are those of the last commit", writing::told_anew),
    ("lapses of time add up in their buckets", writing::buckets),
    ("counters keep the last number", writing::counters),
    ("timers come in order and change with their record", writing::timers),
    ("an inbox is ordered by due time and pages without gaps", lists::todo),
    ("an inbox counts each record once", lists::todo_counts),
    ("lists filter, order and page as told", lists::filters),
    ("a scope shows what it holds and nothing else", lists::scopes),
    ("the values by which records are listed", lists::values),
    ("a scope of many parts shows the same", lists::many_parts),
    ("neighbours are recent and near", lists::near),
    ("search finds Chinese and English exactly", searching::recall),
    ("search follows changes of text and places", searching::changes),
    ("search finds the same after a rebuild", searching::rebuilt),
    ("search stays inside the scope", searching::scopes),
    ("accounts are written and replaced", accounts::credentials),
    ("sessions end in time or when told", accounts::sessions),
    ("settings keep any bytes", accounts::settings),
    ("commits are durable and say so", accounts::durable),
    ("nodes of the log are kept with their entries", log::nodes),
    ("keys are written, replaced and destroyed with their batch", log::keys),
    ("claims are held, freed and found with their batch", claims::held),
    ("what is kept of records is what follows from them", claims::traces),
    ("a rebuild empties what is derived and nothing else", log::rebuild),
    ("notices are told with their entries and read by person", outbox::notices),
    ("notices stand or fall with their batch, and no rebuild forgets them", outbox::atomic),
    ("notices are made into messages once", outbox::spreading),
    ("choices are kept, and a digest is made once", outbox::choices),
    ("messages are taken by one and settled by whoever has them", outbox::messages),
    ("answers, accounts and settings come whole for an archive", log::archive),
    ("looks come newest first, by time and by person", log::looks),
    ("entries come record by record", log::by_record),
    ("waiting ends when the ledger grew", log::wait),
];

/// Runs all cases, each on a new ledger. The name of each is printed before it runs.
pub fn run(make: Make<'_>) {
    for (name, case) in CASES {
        eprintln!("conformance: {name}");
        case(make);
    }
}
