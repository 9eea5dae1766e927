//! Accounts, sessions, settings.

use gongzhi_base::{Digest, Timestamp};

use super::Make;
use crate::{Credential, Session};

pub(super) fn credentials(make: Make<'_>) {
    let ledger = make();
    let mut account = Credential { login: "li".into(), person: "p1".into(), hash: "$argon2id$1".into() };
    assert_eq!(ledger.credential("li"), Ok(None));
    ledger.put_credential(&account).expect("written");
    assert_eq!(ledger.credential("li"), Ok(Some(account.clone())));
    account.hash = "$argon2id$2".into();
    ledger.put_credential(&account).expect("replaced");
    assert_eq!(ledger.credential("li"), Ok(Some(account)));
    assert_eq!(ledger.credential("LI"), Ok(None));
    assert_eq!(ledger.credential("li' OR '1'='1"), Ok(None));
}

pub(super) fn sessions(make: Make<'_>) {
    let ledger = make();
    let session = |n: u8, created: i64| Session {
        token: Digest([n; 32]),
        person: "p1".into(),
        created: Timestamp(created),
        expires: Timestamp(created + 100),
        csrf: [n; 16],
    };
    ledger.put_session(&session(1, 1_000)).expect("begun");
    ledger.put_session(&session(2, 1_050)).expect("begun");
    assert_eq!(ledger.session(Digest([1; 32]), Timestamp(1_099)), Ok(Some(session(1, 1_000))));
    assert_eq!(ledger.session(Digest([1; 32]), Timestamp(1_100)), Ok(None), "expired at its time");
    assert_eq!(ledger.session(Digest([3; 32]), Timestamp(1_000)), Ok(None), "never begun");
    ledger.put_session(&session(3, 1_120)).expect("begun");
    assert_eq!(ledger.session(Digest([1; 32]), Timestamp(1_000)), Ok(None), "expired ones are forgotten");
    assert!(ledger.session(Digest([2; 32]), Timestamp(1_120)).is_ok_and(|found| found.is_some()));
    ledger.end_session(Digest([2; 32])).expect("ended");
    ledger.end_session(Digest([2; 32])).expect("ended again");
    assert_eq!(ledger.session(Digest([2; 32]), Timestamp(1_120)), Ok(None), "ended");
}

pub(super) fn settings(make: Make<'_>) {
    let ledger = make();
    assert_eq!(ledger.setting("secret"), Ok(None));
    ledger.put_setting("secret", &[0, 255, 1]).expect("written");
    ledger.put_setting("empty", &[]).expect("written");
    assert_eq!(ledger.setting("secret"), Ok(Some(vec![0, 255, 1])));
    assert_eq!(ledger.setting("empty"), Ok(Some(Vec::new())));
    ledger.put_setting("secret", b"other").expect("replaced");
    assert_eq!(ledger.setting("secret"), Ok(Some(b"other".to_vec())));
    ledger.ping().expect("answers");
}

pub(super) fn durable(make: Make<'_>) {
    let told = make().durability().expect("an answer");
    assert!(matches!(told, crate::Durability::Safe(_)), "{told:?}");
}
