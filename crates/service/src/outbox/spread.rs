//! From notices to messages, by what each person has chosen.

use std::collections::HashMap;

use gongzhi_base::{Digest, Timestamp, Words};
use gongzhi_kernel::notice::Notice;
use gongzhi_store::outbox::{Channel, Mark, Message, Told};

use super::choice::{Choice, Mode};
use super::text::text;
use crate::failure::Failure;
use crate::service::Service;

/// Notices made into messages at once.
const PAGE: u32 = 500;
/// Lines of a digest.
const LINES: usize = 50;
const CHANNELS: [Channel; 2] = [Channel::Mail, Channel::Hook];
/// Characters of a subject.
const SUBJECT: usize = 90;

/// Makes all that waits into messages for those who want them at once.
pub fn notices(service: &Service) -> Result<usize, Failure> {
    let outbox = service.ledger().outbox();
    let mut known: HashMap<String, Option<Choice>> = HashMap::new();
    let mut made = 0;
    loop {
        let (from, page) = outbox.unspread(PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(made) };
        // A full page may have cut the notices of its last entry: those come with the next one.
        let full = page.len() == PAGE as usize && page[0].0.seq < last.seq;
        let to = if full { last.seq } else { last.seq + 1 };
        let mut messages = Vec::new();
        for (mark, notice) in page.iter().filter(|(mark, _)| mark.seq < to) {
            for person in &notice.to {
                if !known.contains_key(person) {
                    let found = outbox.choices(person)?;
                    let choice = found.map(|found| service.choice_in(&found)).transpose()?;
                    known.insert(person.clone(), choice);
                }
                if let Some(Some(choice)) = known.get(person) {
                    let wanted = CHANNELS.into_iter().filter(|one| choice.mode(*one) == Mode::AtOnce);
                    messages.extend(wanted.map(|channel| message(*mark, notice, person, choice, channel)));
                }
            }
        }
        // Another node that came first has made the same messages.
        if outbox.spread(from, to, &messages)? {
            made += messages.len();
        }
    }
}

fn message(mark: Mark, notice: &Notice, person: &str, choice: &Choice, channel: Channel) -> Message {
    let words = notice.text.get(choice.language()).to_owned();
    let place = [mark.seq.to_be_bytes(), u64::from(mark.n).to_be_bytes()].concat();
    Message {
        id: Digest::of_parts(&[b"gongzhi.notice", &place, person.as_bytes(), name(channel)]),
        person: person.to_owned(),
        channel,
        subject: words.chars().take(SUBJECT).collect(),
        text: words,
        link: format!("/desk/notices/{mark}"),
        made: notice.at,
        due: notice.at,
        tries: 0,
        error: String::new(),
    }
}

fn name(channel: Channel) -> &'static [u8] {
    match channel {
        Channel::Mail => b"mail",
        Channel::Hook => b"hook",
    }
}

/// Makes the digests that are due.
pub fn digests(service: &Service, now: Timestamp) -> Result<usize, Failure> {
    let outbox = service.ledger().outbox();
    let mut made = 0;
    for due in outbox.digests(now, PAGE)? {
        let Some(at) = due.digest else { continue };
        let choice = service.choice_in(&due)?;
        let told = service.ledger().head()?.size;
        // What has been read on the page by now is no news.
        let mut news = outbox.notices(&due.person, false, None, LINES as u32 + 100)?;
        news.retain(|one| one.mark.seq >= due.told && one.mark.seq < told);
        news.reverse();
        let wanted = CHANNELS.into_iter().filter(|one| choice.mode(*one) == Mode::Daily && !news.is_empty());
        let messages: Vec<Message> =
            wanted.map(|channel| digest(&due.person, at, now, &news, &choice, channel)).collect();
        let next = choice.next_digest(&service.state().world, now);
        if outbox.put_digest(&due.person, at, next, told, &messages)? {
            made += messages.len();
        }
    }
    Ok(made)
}

fn digest(
    person: &str,
    due: Timestamp,
    now: Timestamp,
    news: &[Told],
    choice: &Choice,
    channel: Channel,
) -> Message {
    let lang = choice.language();
    let line = |words: &Words| format!("· {}", words.get(lang));
    let mut lines: Vec<String> = news.iter().take(LINES).map(|one| line(&one.text)).collect();
    if news.len() > LINES {
        lines.push(text(lang, "digest.more", &[&(news.len() - LINES).to_string()]));
    }
    Message {
        id: Digest::of_parts(&[b"gongzhi.digest", &due.0.to_be_bytes(), person.as_bytes(), name(channel)]),
        person: person.to_owned(),
        channel,
        subject: text(lang, "digest.subject", &[&news.len().to_string()]),
        text: lines.join("\n"),
        link: "/desk/notices".to_owned(),
        made: now,
        due: now,
        tries: 0,
        error: String::new(),
    }
}
