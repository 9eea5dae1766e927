//! Notices from the ledger to the reader, with real servers for mail and web messages: sent once,
//! tried again, given up, put right.

#[path = "../fixture/mod.rs"]
mod fixture;
mod postgres;
mod sinks;
mod timers;

use std::net::TcpListener;

use fixture::{County, county, open};
use gongzhi_base::{RecordId, Timestamp};
use gongzhi_service::outbox::choice::{Choice, ChoiceFault, Mode};
use gongzhi_service::outbox::hook::{self, Form, Target};
use gongzhi_service::outbox::ical::Kind;
use gongzhi_service::outbox::send::{self, Done, Missed};
use gongzhi_service::outbox::settings::{MailServer, Outgoing, Security};
use gongzhi_service::{Failure, Service};
use gongzhi_store::outbox::{Channel, Waiting};
use sinks::{MailSink, WebSink};

const BASE: &str = "https://county.example";
const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;
/// The officer of the unit to whom the matters of these tests go.
const OFFICER: &str = "officer.water";

fn server(port: u16) -> Outgoing {
    let mail = MailServer {
        host: "127.0.0.1".into(),
        port,
        security: Security::Plain,
        login: String::new(),
        password: String::new(),
        from: "notices@county.example".into(),
    };
    assert_eq!(mail.fault(), None);
    Outgoing { mail: Some(mail), hosts: Vec::new() }
}

fn by_mail(mode: Mode, address: &str) -> Choice {
    Choice { mail: mode, address: address.into(), ..Choice::default() }
}

fn choose(service: &Service, choice: &Choice) {
    assert_eq!(service.choose(OFFICER, choice), Ok(Vec::new()));
}

fn round(service: &Service) -> Done {
    send::round(service, BASE).expect("a round")
}

fn later(county: &County, millis: i64) {
    county.clock.set(county.service.now().plus_millis(millis));
}

fn reported(county: &County, n: u32) -> RecordId {
    county.report(&format!("report-{n:04}"), &format!("第{n}处停水了")).expect("reported").record
}

fn number(service: &Service, id: RecordId) -> String {
    service.ledger().rows(&[id]).expect("rows")[0].number.clone()
}

#[test]
fn who_chose_mail_at_once_gets_one_letter_and_one_notice() {
    let county = county();
    let service = &county.service;
    let sink = MailSink::listen(0);
    service.set_outgoing(&server(sink.port)).expect("set");
    choose(service, &by_mail(Mode::AtOnce, "li@county.example"));
    let number = number(service, reported(&county, 1));
    assert_eq!(round(service), Done { sent: 1, ..Done::default() });
    assert_eq!(round(service), Done::default(), "nothing twice");
    let letters = sink.taken();
    assert_eq!(letters.len(), 1);
    let letter = &letters[0];
    assert_eq!((letter.from.as_str(), letter.to.as_str()), ("notices@county.example", "li@county.example"));
    assert!(letter.header("Subject").starts_with(&format!("{number}派到你单位")), "{}", letter.head);
    assert!(letter.header("Message-ID").ends_with("@county.example>"), "{}", letter.head);
    assert_eq!(letter.header("Auto-Submitted"), "auto-generated");
    assert!(letter.header("Date").starts_with("Mon, 02 Nov 2026 01:00:00"), "{}", letter.head);
    assert!(
        letter.body.contains(&format!("{number}派到你单位"))
            && letter.body.contains("https://county.example/desk/notices/"),
        "{}",
        letter.body
    );
    assert!(!letter.body.contains("停水了") && !letter.body.contains("13800001111"), "nothing typed leaves");

    let told = service.notices(OFFICER, None, 10).expect("notices");
    assert_eq!((told.told.len(), service.unread(OFFICER)), (1, Ok(1)));
    let notice = &told.told[0];
    assert_eq!((notice.rule.as_str(), notice.read), ("assigned", false));
    assert!(notice.text.en.starts_with(&format!("{number} has come to your unit")), "{:?}", notice.text);
    assert_eq!(service.open_notice(OFFICER, notice.mark).map(|told| told.record), Ok(notice.record));
    assert_eq!(service.unread(OFFICER), Ok(0));
    assert!(service.open_notice("officer.court", notice.mark).is_err(), "it is nobody else's");
    assert_eq!(service.unread("officer.court"), Ok(0));
}

#[test]
fn a_server_that_is_away_gets_it_when_it_is_back() {
    let county = county();
    let service = &county.service;
    // A port on which nobody listens.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
    service.set_outgoing(&server(port)).expect("set");
    choose(service, &by_mail(Mode::AtOnce, "li@county.example"));
    for n in 0..3 {
        reported(&county, n);
    }
    assert_eq!(round(service), Done { again: 3, ..Done::default() });
    assert_eq!(round(service), Done::default(), "it waits");
    later(&county, MINUTE);
    assert_eq!(round(service), Done { again: 3, ..Done::default() });
    let sink = MailSink::listen(port);
    later(&county, 2 * MINUTE);
    assert_eq!(round(service), Done { sent: 3, ..Done::default() });
    assert_eq!(sink.taken().len(), 3);
    assert_eq!(service.ledger().outbox().waiting(), Ok(Waiting::default()));
}

#[test]
fn what_is_refused_becomes_a_dead_letter_and_goes_when_it_is_put_right() {
    let county = county();
    let service = &county.service;
    let sink = MailSink::listen(0);
    service.set_outgoing(&server(sink.port)).expect("set");
    choose(service, &by_mail(Mode::AtOnce, "poison@county.example"));
    reported(&county, 1);
    reported(&county, 2);
    assert_eq!(round(service), Done { dead: 2, ..Done::default() });
    let (admin, officer) = (service.actor_of("admin"), service.actor_of(OFFICER));
    assert_eq!(service.dead_letters(&officer, None, 10).map(|_| ()), Err(Failure::NotFound));
    let (dead, decisions, waiting) = service.dead_letters(&admin, None, 10).expect("letters");
    assert_eq!((dead.len(), decisions.len(), waiting), (2, 0, Waiting { waiting: 0, dead: 2 }));
    assert!(dead[0].error.contains("<＊> no such mailbox"), "{}", dead[0].error);
    assert_eq!(service.decide_letter(&officer, dead[0].id, true), Err(Failure::NotFound));
    // The person corrects the address; the administrator sends one again and throws the other away.
    choose(service, &by_mail(Mode::AtOnce, "li@county.example"));
    assert_eq!(service.decide_letter(&admin, dead[0].id, true), Ok(()));
    assert_eq!(service.decide_letter(&admin, dead[0].id, true), Err(Failure::NotFound), "once");
    assert_eq!(service.decide_letter(&admin, dead[1].id, false), Ok(()));
    assert_eq!(round(service), Done { sent: 1, ..Done::default() });
    assert_eq!(sink.taken().len(), 1);
    let (dead, decisions, _) = service.dead_letters(&admin, None, 10).expect("letters");
    let kept: Vec<_> = decisions.iter().map(|one| (one.by.as_str(), one.person.as_str())).collect();
    assert_eq!((dead.len(), kept), (0, vec![("admin", OFFICER); 2]));
}

#[test]
fn a_message_that_never_goes_is_given_up_and_one_nobody_wants_is_dropped() {
    let county = county();
    let service = &county.service;
    let sink = MailSink::listen(0);
    service.set_outgoing(&server(sink.port)).expect("set");
    choose(service, &by_mail(Mode::AtOnce, "later@county.example"));
    reported(&county, 1);
    for n in 1..send::TRIES {
        assert_eq!(round(service), Done { again: 1, ..Done::default() }, "attempt {n}");
        later(&county, 8 * 60 * MINUTE);
    }
    assert_eq!(round(service), Done { dead: 1, ..Done::default() });
    reported(&county, 2);
    assert_eq!(round(service).again, 1);
    choose(service, &by_mail(Mode::Off, "later@county.example"));
    later(&county, MINUTE);
    assert_eq!(round(service), Done { dropped: 1, ..Done::default() });
    assert_eq!(sink.taken().len(), 0);
}

#[test]
fn robots_are_told_where_the_administrator_allows_their_host() {
    let county = county();
    let service = &county.service;
    let sink = WebSink::listen();
    let hook = Choice {
        hook: Mode::AtOnce,
        url: format!("http://127.0.0.1:{}/send?access_token=1", sink.port),
        form: Form::Dingtalk,
        secret: "SECabc".into(),
        lang: "en".into(),
        ..Choice::default()
    };
    assert_eq!(service.choose(OFFICER, &hook), Ok(vec![ChoiceFault::Plain]));
    let inside = Choice { url: "https://10.0.0.9/".into(), ..hook.clone() };
    assert_eq!(service.choose(OFFICER, &inside), Ok(vec![ChoiceFault::Inside]));
    assert_eq!(service.choice(OFFICER), Ok(Choice::default()), "nothing was taken over");
    service.set_outgoing(&Outgoing { hosts: vec!["127.0.0.1".into()], mail: None }).expect("set");
    choose(service, &hook);
    let number = number(service, reported(&county, 1));
    sink.answer(200, r#"{"errcode":130101,"errmsg":"send too fast"}"#);
    assert_eq!(round(service), Done { again: 1, ..Done::default() });
    later(&county, MINUTE);
    assert_eq!(round(service), Done { sent: 1, ..Done::default() });
    let posted = sink.posted();
    assert_eq!(posted.len(), 2);
    assert!(
        posted[1].path.starts_with("/send?access_token=1&timestamp=") && posted[1].path.contains("&sign="),
        "{posted:?}"
    );
    let text = posted[1].body["text"]["content"].as_str().expect("a text");
    assert!(text.starts_with(&format!("{number} has come to your unit")) && text.contains(BASE), "{text}");

    // For programs: the same identifier at every attempt.
    choose(service, &Choice { form: Form::Json, url: format!("http://127.0.0.1:{}/in", sink.port), ..hook });
    sink.answer(503, "");
    reported(&county, 2);
    assert_eq!(round(service), Done { again: 1, ..Done::default() });
    later(&county, MINUTE);
    assert_eq!(round(service), Done { sent: 1, ..Done::default() });
    let (first, second) = (&sink.posted()[2], &sink.posted()[3]);
    assert!(first.head.contains("webhook-signature: v1,") && first.body == second.body, "{first:?}");
    assert!(
        first.body["id"].as_str().is_some_and(|id| second.head.contains(&format!("idempotency-key: {id}")))
    );
}

#[test]
fn a_name_that_leads_inside_is_not_followed() {
    let sink = WebSink::listen();
    let url = format!("https://127.0.0.1:{}/", sink.port);
    let target = Target { url: url.clone(), host: "robot.example".into(), allowed: false };
    let request = hook::Request { url, headers: Vec::new(), body: "{}".into() };
    let miss = hook::send(Form::Json, &target, &request).expect_err("refused");
    assert!(miss.missed == Missed::Later && miss.words.contains("inside the network"), "{miss:?}");
    assert!(sink.posted().is_empty());
}

#[test]
fn a_digest_comes_once_at_the_chosen_hour_of_a_working_day() {
    let county = county();
    let service = &county.service;
    let sink = MailSink::listen(0);
    service.set_outgoing(&server(sink.port)).expect("set");
    // 2026-11-06 is a Friday; its afternoon in China.
    county.clock.set(Timestamp::read("2026-11-06T07:00:00Z").expect("a time"));
    let early = number(service, reported(&county, 1));
    choose(service, &Choice { hour: 9, ..by_mail(Mode::Daily, "li@county.example") });
    let (a, b) = (number(service, reported(&county, 2)), number(service, reported(&county, 3)));
    assert_eq!(round(service), Done::default());
    county.clock.set(Timestamp::read("2026-11-08T03:00:00Z").expect("a time"));
    assert_eq!(round(service), Done::default(), "not on a Sunday");
    county.clock.set(Timestamp::read("2026-11-09T00:59:00Z").expect("a time"));
    assert_eq!(round(service), Done::default(), "not before the hour");
    county.clock.set(Timestamp::read("2026-11-09T01:00:00Z").expect("a time"));
    let second = open(county._dir.path(), &county.clock);
    assert_eq!((round(service).sent, round(&second).sent), (1, 0), "whichever node comes first");
    let letters = sink.taken();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].header("Subject"), "2条新通知");
    let body = &letters[0].body;
    assert!(body.contains(&a) && body.contains(&b) && !body.contains(&early), "{body}");
    later(&county, DAY);
    assert_eq!(round(service).sent, 0, "no news, no letter");
    second.close();
}

#[test]
fn two_nodes_send_each_message_once() {
    let county = county();
    let service = &county.service;
    let sink = MailSink::listen(0);
    service.set_outgoing(&server(sink.port)).expect("set");
    choose(service, &by_mail(Mode::AtOnce, "li@county.example"));
    for n in 0..24 {
        reported(&county, n);
    }
    let second = open(county._dir.path(), &county.clock);
    let sent = std::thread::scope(|scope| {
        let other = scope.spawn(|| round(&second));
        round(service).sent + other.join().expect("the second node").sent
    });
    let mut ids: Vec<String> = sink.taken().iter().map(|letter| letter.header("Message-ID")).collect();
    assert_eq!((sent, ids.len()), (24, 24));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 24);
    second.close();
}

#[test]
fn a_node_that_dies_while_sending_leaves_the_rest_to_others() {
    let county = county();
    let service = &county.service;
    let sink = MailSink::listen(0);
    service.set_outgoing(&server(sink.port)).expect("set");
    choose(service, &by_mail(Mode::AtOnce, "li@county.example"));
    service.send_test(OFFICER, Channel::Mail).expect("waits");
    // Taken and never settled, as by a node that was killed.
    let now = service.now();
    assert_eq!(
        service.ledger().outbox().take(now, now.plus_millis(10 * MINUTE), 8).map(|taken| taken.len()),
        Ok(1)
    );
    assert_eq!(round(service), Done::default(), "somebody has it");
    later(&county, 10 * MINUTE);
    assert_eq!(round(service), Done { sent: 1, ..Done::default() });
    assert_eq!(sink.taken()[0].header("Subject"), "测试消息");
}

#[test]
fn addresses_lie_sealed_in_the_database() {
    let county = county();
    let service = &county.service;
    let outgoing = Outgoing {
        mail: Some(MailServer {
            password: "hunter2-hunter2".into(),
            login: "x".into(),
            ..server(25).mail.expect("set")
        }),
        hosts: vec![],
    };
    service.set_outgoing(&outgoing).expect("set");
    choose(service, &by_mail(Mode::AtOnce, "somebody@private.example"));
    assert_eq!(service.outgoing(), Ok(outgoing));
    service.ledger().ping().expect("answers");
    for name in ["county.db", "county.db-wal"] {
        let bytes = std::fs::read(county._dir.path().join(name)).unwrap_or_default();
        let holds = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(!holds("somebody@private") && !holds("hunter2-hunter2"), "{name}");
    }
}

#[test]
fn a_calendar_has_its_own_address_and_tells_nothing_typed() {
    let county = county();
    let service = &county.service;
    let number = number(service, reported(&county, 1));
    assert_eq!(service.has_feed(OFFICER), Ok(false));
    let secret = service.new_feed(OFFICER).expect("an address");
    let text = service.feed(&secret, Kind::Event, BASE).expect("read").expect("a calendar");
    assert!(text.contains("BEGIN:VEVENT\r\n") && text.contains(&format!("SUMMARY:{number} ")), "{text}");
    assert!(text.contains(&format!("URL:{BASE}/desk/r/")) && !text.contains("停水"), "{text}");
    assert_eq!(service.feed(&secret, Kind::Event, BASE), Ok(Some(text)), "the same at every reading");
    let tasks = service.feed(&secret, Kind::Task, BASE).expect("read").expect("a calendar");
    assert!(tasks.contains("BEGIN:VTODO\r\n") && tasks.contains("\r\nDUE:2026"), "{tasks}");
    choose(service, &by_mail(Mode::Off, ""));
    assert_eq!(service.has_feed(OFFICER), Ok(true), "other choices leave it alone");
    let next = service.new_feed(OFFICER).expect("another address");
    assert_eq!(service.feed(&secret, Kind::Event, BASE), Ok(None), "the old one ended");
    assert!(service.feed(&next, Kind::Event, BASE).is_ok_and(|text| text.is_some()));
    service.end_feed(OFFICER).expect("ended");
    assert_eq!(service.feed(&next, Kind::Event, BASE), Ok(None));
}
