//! Calendars as iCalendar (RFC 5545): anything with a name and a time.

use gongzhi_base::{Date, Timestamp};

/// A calendar to be subscribed to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Calendar {
    pub name: String,
    pub entries: Vec<Entry>,
}

/// What an entry is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Kind {
    /// Takes place at a time.
    #[default]
    Event,
    /// Is to be done by a time. Fewer programs show these.
    Task,
}

/// One entry.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Entry {
    /// The same at every reading, and of no other entry anywhere.
    pub uid: String,
    pub kind: Kind,
    /// When what it says was known last.
    pub stamp: Timestamp,
    /// When it begins or, of a task, is due.
    pub at: Timestamp,
    /// A whole day in place of a moment.
    pub day: Option<Date>,
    /// When an event ends; `None` for a moment.
    pub until: Option<Timestamp>,
    pub summary: String,
    pub description: String,
    pub location: String,
    /// The page that it is about.
    pub url: String,
}

impl Calendar {
    /// The calendar's text.
    pub fn text(&self) -> String {
        let mut out = Lines::default();
        out.put("BEGIN:VCALENDAR");
        out.put("VERSION:2.0");
        out.put("PRODID:-//Gongzhi//Calendar//EN");
        out.put("CALSCALE:GREGORIAN");
        out.put("METHOD:PUBLISH");
        out.words("X-WR-CALNAME", &self.name);
        out.words("NAME", &self.name);
        out.put("REFRESH-INTERVAL;VALUE=DURATION:PT1H");
        for entry in &self.entries {
            entry.put(&mut out);
        }
        out.put("END:VCALENDAR");
        out.text
    }
}

impl Entry {
    fn put(&self, out: &mut Lines) {
        let name = match self.kind {
            Kind::Event => "VEVENT",
            Kind::Task => "VTODO",
        };
        out.put(&format!("BEGIN:{name}"));
        out.words("UID", &self.uid);
        out.put(&format!("DTSTAMP:{}", utc(self.stamp)));
        match self.kind {
            Kind::Event => {
                match self.day {
                    Some(day) => out.put(&format!("DTSTART;VALUE=DATE:{}", day.strftime("%Y%m%d"))),
                    None => out.put(&format!("DTSTART:{}", utc(self.at))),
                }
                if let Some(until) = self.until {
                    out.put(&format!("DTEND:{}", utc(until)));
                }
                // A deadline keeps nobody from being free.
                out.put(if self.until.is_some() { "TRANSP:OPAQUE" } else { "TRANSP:TRANSPARENT" });
            }
            Kind::Task => out.put(&format!("DUE:{}", utc(self.at))),
        }
        out.words("SUMMARY", &self.summary);
        for (name, words) in [("DESCRIPTION", &self.description), ("LOCATION", &self.location)] {
            if !words.is_empty() {
                out.words(name, words);
            }
        }
        if !self.url.is_empty() {
            // An address is no text: nothing in it is escaped.
            out.put(&format!("URL:{}", self.url.replace(char::is_control, "")));
        }
        out.put(&format!("END:{name}"));
    }
}

/// `20261123T063000Z`
fn utc(at: Timestamp) -> String {
    let text = Timestamp(at.0.div_euclid(1_000) * 1_000).rfc3339();
    text.replace(['-', ':'], "")
}

/// Content lines, folded after 75 bytes.
#[derive(Default)]
struct Lines {
    text: String,
}

impl Lines {
    fn put(&mut self, line: &str) {
        let mut room = 75;
        for c in line.chars() {
            if c.len_utf8() > room {
                self.text.push_str("\r\n ");
                room = 74;
            }
            room -= c.len_utf8();
            self.text.push(c);
        }
        self.text.push_str("\r\n");
    }

    /// A property that is text: what has a meaning in lists and lines is escaped.
    fn words(&mut self, name: &str, words: &str) {
        let mut line = format!("{name}:");
        for c in words.chars() {
            match c {
                '\\' | ';' | ',' => line.extend(['\\', c]),
                '\n' => line.push_str("\\n"),
                c if c.is_control() => {}
                c => line.push(c),
            }
        }
        self.put(&line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unfolded(text: &str) -> Vec<String> {
        text.replace("\r\n ", "").split("\r\n").map(str::to_owned).collect()
    }

    #[test]
    fn lines_are_escaped_and_folded_between_characters() {
        let entry = Entry {
            uid: "1@county".into(),
            at: Timestamp(1_795_588_200_123),
            summary: format!("答复；{},\\ \r\n结束", "办".repeat(60)),
            url: "https://a.cn/desk/r/1?a=1,2;3".into(),
            ..Entry::default()
        };
        let text = Calendar { name: "我的".into(), entries: vec![entry.clone()] }.text();
        assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
        let lines = unfolded(&text);
        assert!(lines.contains(&format!("SUMMARY:答复；{}\\,\\\\ \\n结束", "办".repeat(60))), "{lines:?}");
        assert!(lines.contains(&"DTSTART:20261125T063000Z".to_owned()), "{lines:?}");
        assert!(lines.contains(&"URL:https://a.cn/desk/r/1?a=1,2;3".to_owned()));
        assert_eq!(
            (lines[0].as_str(), lines[lines.len() - 2].as_str()),
            ("BEGIN:VCALENDAR", "END:VCALENDAR")
        );
    }

    #[test]
    fn events_may_end_and_tasks_are_due() {
        let meeting =
            Entry { until: Some(Timestamp(3_600_000)), location: "三楼".into(), ..Entry::default() };
        let task = Entry { kind: Kind::Task, ..Entry::default() };
        let lines = unfolded(&Calendar { name: String::new(), entries: vec![meeting, task] }.text());
        for line in [
            "DTEND:19700101T010000Z",
            "LOCATION:三楼",
            "TRANSP:OPAQUE",
            "BEGIN:VTODO",
            "DUE:19700101T000000Z",
        ] {
            assert!(lines.contains(&line.to_owned()), "{line}: {lines:?}");
        }
    }
}
