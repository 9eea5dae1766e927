//! Sending: takes what is due under a lease, tries, and settles. A message is sent at least once,
//! always under the same identifier; what cannot be sent becomes a dead letter.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gongzhi_base::{Digest, Timestamp};
use gongzhi_store::outbox::{Attempt, Channel, Message};

use super::choice::{Choice, Mode};
use super::hook::Target;
use super::mail::Letterhead;
use super::settings::Outgoing;
use super::{hook, mail, spread};
use crate::ambient::Ambient;
use crate::failure::Failure;
use crate::service::Service;

/// How often it is looked for something to send.
const EVERY: Duration = Duration::from_secs(2);
/// Messages taken at once, and for how long: each attempt takes less than a minute.
const TAKEN: u32 = 8;
const LEASE: i64 = 10 * 60_000;
/// Attempts before a message is given up: over some 14 hours.
pub const TRIES: u32 = 12;
/// The first wait doubles up to the last one.
const FIRST_WAIT: i64 = 30_000;
const LAST_WAIT: i64 = 6 * 3_600_000;

/// Why a message was not taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Miss {
    pub missed: Missed,
    /// In words for an administrator.
    pub words: String,
    /// Whoever should take it does not answer at all.
    pub away: bool,
}

/// Whether it makes sense to try again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Missed {
    Later,
    Never,
}

impl Miss {
    /// It may work later.
    pub fn later(words: impl Into<String>) -> Miss {
        Miss { missed: Missed::Later, words: words.into(), away: false }
    }

    /// It will not.
    pub fn never(words: impl Into<String>) -> Miss {
        Miss { missed: Missed::Never, words: words.into(), away: false }
    }
}

/// What one round did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Done {
    pub sent: usize,
    pub again: usize,
    pub dead: usize,
    pub dropped: usize,
}

/// Makes messages of what is to be told and sends all that is due. `base` is the address under which
/// people reach the product.
pub fn round(service: &Service, base: &str) -> Result<Done, Failure> {
    spread::notices(service)?;
    spread::digests(service, service.now())?;
    let outbox = service.ledger().outbox();
    let mut done = Done::default();
    loop {
        let now = service.now();
        let taken = outbox.take(now, now.plus_millis(LEASE), TAKEN)?;
        if taken.is_empty() {
            return Ok(done);
        }
        let outgoing = service.outgoing()?;
        // Whoever does not answer is not asked again for each message of the round.
        let mut away: HashMap<String, Miss> = HashMap::new();
        for message in taken {
            let attempt = attempt(service, &outgoing, &message, base, &mut away)?;
            let label = match &attempt {
                Attempt::Sent => (&mut done.sent, "sent"),
                Attempt::Again { .. } => (&mut done.again, "again"),
                Attempt::Dead { .. } => (&mut done.dead, "dead"),
                Attempt::Dropped => (&mut done.dropped, "dropped"),
            };
            *label.0 += 1;
            metrics::counter!("gongzhi_messages", "end" => label.1).increment(1);
            outbox.settle(&[(message.id, message.tries, attempt)])?;
        }
    }
}

/// One attempt. Addresses are looked up now, so that a corrected one helps what waits already.
fn attempt(
    service: &Service,
    outgoing: &Outgoing,
    message: &Message,
    base: &str,
    away: &mut HashMap<String, Miss>,
) -> Result<Attempt, Failure> {
    let choice = service.choice(&message.person)?;
    let lang = choice.language();
    let state = service.state();
    if state.world.person(&message.person).is_none() || choice.mode(message.channel) == Mode::Off {
        return Ok(Attempt::Dropped);
    }
    let county = state.world.place(&state.world.county).map(|place| place.words.get(lang).to_owned());
    drop(state);
    let now = service.now();
    let once = |away: &mut HashMap<String, Miss>, whom: &str, send: &dyn Fn() -> Result<(), Miss>| {
        if let Some(miss) = away.get(whom) {
            return Err(miss.clone());
        }
        let sent = send();
        if let Err(miss) = &sent
            && miss.away
        {
            away.insert(whom.to_owned(), miss.clone());
        }
        sent
    };
    let sent = match message.channel {
        Channel::Mail => match &outgoing.mail {
            None => Err(Miss::later("no mail server is set: see `gongzhi outgoing`")),
            Some(server) => {
                let county = county.unwrap_or_default();
                let head = Letterhead { county: &county, base, lang };
                mail::letter(server, &choice.address, message, &head, now)
                    .and_then(|letter| once(away, &server.host, &|| mail::send(server, &letter)))
            }
        },
        Channel::Hook => match Target::read(&choice.url, &outgoing.hosts) {
            Err(fault) => Err(Miss::never(format!("the address is refused: {fault:?}"))),
            Ok(target) => {
                let link = format!("{base}{}", message.link);
                let request = hook::request(choice.form, &target.url, &choice.secret, message, &link, now);
                once(away, &target.host, &|| hook::send(choice.form, &target, &request))
            }
        },
    };
    // Servers like to repeat whom they were asked for; addresses stay sealed.
    let sent = sent.map_err(|miss| Miss { words: hidden(miss.words, &choice), ..miss });
    Ok(match sent {
        Ok(()) => Attempt::Sent,
        Err(miss) if miss.missed == Missed::Never || message.tries >= TRIES => {
            tracing::warn!(message = %message.id, error = %miss.words, "a message was given up");
            Attempt::Dead { error: miss.words }
        }
        Err(miss) => {
            let due = now.plus_millis(wait(message.tries, service.ambient()));
            Attempt::Again { due, error: miss.words }
        }
    })
}

/// Words without the addresses and the secret of a choice.
fn hidden(words: String, choice: &Choice) -> String {
    let sealed = [&choice.address, &choice.url, &choice.secret];
    let sealed = sealed.into_iter().filter(|text| !text.is_empty());
    sealed.fold(words, |words, text| words.replace(text.as_str(), "＊"))
}

/// How long to wait after so many attempts, a quarter more or less, so that nothing is asked by
/// everybody at the same moment.
fn wait(tries: u32, ambient: &dyn Ambient) -> i64 {
    let whole = (FIRST_WAIT << tries.saturating_sub(1).min(20)).min(LAST_WAIT);
    let chance = i64::from(u16::from_be_bytes([ambient.sixteen()[0], ambient.sixteen()[1]]));
    whole * 3 / 4 + whole / 2 * chance / 65_536
}

/// The identifier of a message that is sent once, such as a test.
pub fn fresh_id(ambient: &dyn Ambient) -> Digest {
    Digest::of_parts(&[b"gongzhi.message", &ambient.sixteen()])
}

/// How long notices are kept.
const KEPT: i64 = 180 * 86_400_000;

/// Notices deleted in one transaction.
const FORGOTTEN: u32 = 1_000;

/// Deletes notices of long ago; how many went.
pub fn forget(service: &Service, now: Timestamp) -> Result<u32, Failure> {
    let before = crate::audit::entries_before(service.ledger(), now.plus_millis(-KEPT))?;
    let mut gone = 0;
    loop {
        let some = service.ledger().outbox().forget(before, FORGOTTEN)?;
        gone += some;
        if some < FORGOTTEN {
            return Ok(gone);
        }
    }
}

/// Sends until the service is dropped. Runs on its own thread.
pub fn run(service: &Arc<Service>, base: Arc<str>) {
    let weak = Arc::downgrade(service);
    let _ = std::thread::Builder::new().name("outbox".into()).spawn(move || {
        let mut rounds = 0_u64;
        while let Some(service) = weak.upgrade() {
            if let Err(failure) = round(&service, &base) {
                tracing::error!(?failure, "messages could not be sent; trying again");
            }
            // Every hour or so.
            if rounds.is_multiple_of(1_800)
                && let Err(failure) = forget(&service, service.now())
            {
                tracing::error!(?failure, "old notices could not be deleted");
            }
            rounds += 1;
            drop(service);
            std::thread::sleep(EVERY);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::Scripted;

    #[test]
    fn waits_double_and_stay_within_their_bounds() {
        let ambient = Scripted::new(Timestamp(0), 3);
        for tries in 1..=TRIES {
            let whole = (FIRST_WAIT << (tries - 1)).min(LAST_WAIT);
            let found: Vec<i64> = (0..50).map(|_| wait(tries, &ambient)).collect();
            assert!(
                found.iter().all(|one| (whole * 3 / 4..=whole * 5 / 4).contains(one)),
                "{tries}: {found:?}"
            );
            assert!(found.iter().any(|one| *one != found[0]), "no two wait alike");
        }
    }
}
