//! Archives: whole, or known to be damaged; erased stays erased where the list says so.

use std::sync::Arc;

use gongzhi_service::Ambient as _;
use gongzhi_service::archive::{
    ArchiveFault, ErasureList, Erasures, Frame, Identity, Reader, Taken, Taker, Writer, give, open, seal,
};
use gongzhi_service::files::Files;
use gongzhi_service::recount::{Keyless, recount};
use gongzhi_service::seal::MasterKey;
use gongzhi_store::{Batch, Ledger};

use crate::county::{self, County, PHONE, own_phone};

/// The archive of a county, open.
fn archive(county: &County, with_key: bool) -> Vec<u8> {
    let files = Files::open(county.dir.path().join("files")).expect("files");
    let mut writer = Writer::new(Vec::new()).expect("begun");
    let master = with_key.then_some(&county.master);
    give(
        county.service.ledger(),
        Some(&files),
        master,
        county.clock.as_ref(),
        &mut |_, _, _| {},
        &mut |frame| writer.put(&frame),
    )
    .expect("given");
    writer.into_inner()
}

fn take(
    bytes: &[u8],
    ledger: Arc<dyn Ledger>,
    master: Option<MasterKey>,
    erasures: &Erasures,
) -> Result<(Taken, MasterKey), ArchiveFault> {
    let mut reader = Reader::new(bytes)?;
    let Some(Frame::Begin(begin)) = reader.frame()? else { panic!("it begins") };
    let mut taker = Taker::new(begin, ledger, None, master, erasures, county::clock())?;
    while let Some(frame) = reader.frame()? {
        taker.take(frame)?;
    }
    taker.finish(&mut |_| {})
}

fn refused(taken: Result<(Taken, MasterKey), ArchiveFault>) -> ArchiveFault {
    match taken {
        Err(fault) => fault,
        Ok((taken, _)) => panic!("taken: {taken:?}"),
    }
}

#[test]
fn a_restored_county_is_the_same() {
    let county = County::new();
    let id = county.closed();
    let code = county.service.receipt_code(id);
    let bytes = archive(&county, true);
    // What came after the backup is not in it.
    county.report("第二天又停水了，请尽快处理");
    let dir = tempfile::tempdir().expect("a directory");
    let ledger = county::ledger(dir.path());
    let (taken, master) = take(&bytes, ledger.clone(), None, &Erasures::new()).expect("taken");
    assert_eq!(master.text(), county.master.text());
    let head = gongzhi_store::verify(ledger.as_ref(), &mut |_| {}).expect("it verifies");
    assert_eq!(head, taken.head);
    assert!(head.size < county.service.ledger().head().expect("a head").size);
    assert_eq!(ledger.credentials(), county.service.ledger().credentials());

    let restored = county::open(ledger, dir.path(), master).expect("a service");
    assert_eq!(restored.by_code(&code), Ok(Some(id)), "the old receipt opens it");
    assert_eq!(own_phone(&restored, id).as_deref(), Some(PHONE));
    let found = restored.search(&restored.actor_of("officer.water"), "停水", 10).expect("a search");
    assert_eq!(found.iter().map(|row| row.id).collect::<Vec<_>>(), [id]);
    assert!(restored.sign_in("admin", "a good password", "test").is_ok());
}

#[test]
fn a_restored_county_tells_people_as_they_chose_and_sends_nothing_twice() {
    use gongzhi_service::outbox::choice::{Choice, Mode};
    use gongzhi_store::outbox::{Channel, Message, Waiting};
    let county = County::new();
    let daily = Choice { mail: Mode::Daily, address: "admin@example.cn".into(), ..Choice::default() };
    assert_eq!(county.service.choose("admin", &daily), Ok(Vec::new()));
    county.closed();
    let now = county.service.now();
    let message = Message {
        id: gongzhi_base::Digest([4; 32]),
        person: "admin".into(),
        channel: Channel::Mail,
        subject: "one".into(),
        text: "matter".into(),
        link: "/desk".into(),
        made: now,
        due: now,
        tries: 0,
        error: String::new(),
    };
    county.service.ledger().outbox().put_message(&message).expect("it waits");
    let chosen = county.service.ledger().outbox().choices("admin").expect("read").expect("chosen");
    // Choices that tell of entries which the archive does not hold any more.
    let ahead = gongzhi_store::outbox::Choices { told: 1_000_000, ..chosen.clone() };
    county.service.ledger().outbox().put_choices(&ahead).expect("kept");
    let mut writer = Writer::new(Vec::new()).expect("begun");
    let given = give(
        county.service.ledger(),
        None,
        Some(&county.master),
        county.clock.as_ref(),
        &mut |_, _, _| {},
        &mut |frame| writer.put(&frame),
    );
    let given = given.expect("given");
    assert_eq!(given.left, Waiting { waiting: 1, dead: 0 }, "what is left is told");
    let dir = tempfile::tempdir().expect("a directory");
    let ledger = county::ledger(dir.path());
    let (_, master) = take(&writer.into_inner(), ledger.clone(), None, &Erasures::new()).expect("taken");
    let restored = county::open(ledger, dir.path(), master).expect("a service");
    assert_eq!(restored.choice("admin"), Ok(daily), "with the address, sealed under the county's own secret");
    let kept = restored.ledger().outbox().choices("admin").expect("read").expect("chosen");
    assert_eq!((kept.digest, kept.told), (chosen.digest, given.head.size));
    assert_eq!(restored.ledger().outbox().waiting(), Ok(Waiting::default()));
    assert_eq!(restored.ledger().outbox().unspread(10).map(|(_, waiting)| waiting), Ok(Vec::new()));
}

#[test]
fn a_target_that_holds_something_is_left_alone() {
    let county = County::new();
    let bytes = archive(&county, true);
    let before = county.service.ledger().head().expect("a head");
    let fault = refused(take(&bytes, county.ledger(), None, &Erasures::new()));
    assert!(matches!(fault, ArchiveFault::NotEmpty(_)), "{fault}");
    assert_eq!(county.service.ledger().head(), Ok(before));
    assert_eq!(county.service.ledger().rebuilding(), Ok(false));
}

#[test]
fn without_the_right_master_key_nothing_is_taken() {
    let county = County::new();
    let bytes = archive(&county, false);
    let dir = tempfile::tempdir().expect("a directory");
    let missing = refused(take(&bytes, county::ledger(dir.path()), None, &Erasures::new()));
    assert!(matches!(&missing, ArchiveFault::NoKey), "{missing}");
    let other = MasterKey::fresh(county::clock().as_ref());
    let other = MasterKey::read(&other.text().replace(['0', '1'], "7")).expect("another key");
    let wrong = refused(take(&bytes, county::ledger(dir.path()), Some(other), &Erasures::new()));
    assert!(wrong.to_string().contains("not the one of this county"), "{wrong}");
    // The same archive again, with the right key: it goes on.
    take(&bytes, county::ledger(dir.path()), Some(county.master.clone()), &Erasures::new()).expect("taken");
}

#[test]
fn a_restore_that_was_cut_off_goes_on_in_the_same_database() {
    let county = County::new();
    county.closed();
    let bytes = archive(&county, true);
    let dir = tempfile::tempdir().expect("a directory");
    for frames in [1, 9, 12] {
        let ledger = county::ledger(dir.path());
        let mut reader = Reader::new(&bytes[..]).expect("an archive");
        let Some(Frame::Begin(begin)) = reader.frame().expect("a frame") else { panic!("it begins") };
        let none = Erasures::new();
        let mut taker = Taker::new(begin, ledger.clone(), None, None, &none, county::clock()).expect("again");
        for _ in 0..frames {
            taker.take(reader.frame().expect("read").expect("a frame")).expect("taken");
        }
        drop(taker);
        assert_eq!(ledger.rebuilding(), Ok(true));
        let refused = county::open(ledger, dir.path(), county.master.clone()).err().expect("refused");
        assert!(refused.contains("taking"), "{refused}");
    }
    let ledger = county::ledger(dir.path());
    let (taken, _) = take(&bytes, ledger.clone(), None, &Erasures::new()).expect("taken");
    assert_eq!(gongzhi_store::verify(ledger.as_ref(), &mut |_| {}), Ok(taken.head));
    assert_eq!(taken.head, county.service.ledger().head().expect("a head"));
    let again = refused(take(&bytes, ledger, None, &Erasures::new()));
    assert!(matches!(again, ArchiveFault::NotEmpty(_)), "{again}");
}

fn whole(bytes: &[u8]) -> Result<u64, ArchiveFault> {
    let mut reader = Reader::new(bytes)?;
    let mut frames = 0;
    while reader.frame()?.is_some() {
        frames += 1;
    }
    Ok(frames)
}

#[test]
fn a_cut_or_changed_archive_is_known() {
    let county = County::new();
    let bytes = archive(&county, true);
    assert!(whole(&bytes).expect("whole") > 10);
    // Everywhere near the frames' bounds, and at many places between.
    let places =
        (0..400).chain((0..bytes.len()).step_by(bytes.len() / 150)).chain(bytes.len() - 200..bytes.len());
    for at in places {
        let cut = whole(&bytes[..at]).expect_err("cut off");
        assert!(matches!(cut, ArchiveFault::Damaged(_)), "{at}: {cut}");
        let mut changed = bytes.clone();
        changed[at] ^= 4;
        assert!(whole(&changed).is_err(), "byte {at}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(whole(&longer).is_err());
    let newer = [&b"gongzhi archive 9\n"[..], &bytes].concat();
    assert!(matches!(whole(&newer), Err(ArchiveFault::Newer(9))));
}

#[test]
fn only_its_recipients_open_an_archive() {
    let (mine, other, third) = (Identity::generate(), Identity::generate(), Identity::generate());
    let text = b"the whole county".repeat(10_000);
    let mut stream = seal(&[mine.recipient(), other.recipient()], Vec::new()).expect("sealed");
    std::io::Write::write_all(&mut stream, &text).expect("written");
    let bytes = stream.finish().expect("finished");
    let read = |identity: &Identity, bytes: &[u8]| -> Result<Vec<u8>, ArchiveFault> {
        let file = Identity::read_file(&identity.file()).expect("an identity");
        let mut out = Vec::new();
        std::io::Read::read_to_end(&mut open(&file, bytes)?, &mut out)?;
        Ok(out)
    };
    assert_eq!(read(&mine, &bytes).expect("opened"), text);
    assert_eq!(read(&other, &bytes).expect("opened"), text);
    assert!(matches!(read(&third, &bytes), Err(ArchiveFault::Locked)));
    for at in [0, 100, bytes.len() / 2, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(read(&mine, &changed).is_err(), "byte {at}");
        assert!(read(&mine, &bytes[..at]).is_err(), "cut at {at}");
    }
    assert!("age1nonsense".parse::<gongzhi_service::archive::Recipient>().is_err());
    assert!(Identity::read_file("# nothing\n").is_err());
}

#[test]
fn what_was_erased_after_a_backup_stays_erased_where_the_list_is_given() {
    let county = County::new();
    let (erased, kept) = (county.closed(), county.report("路灯坏了三天，晚上看不见路"));
    let old = archive(&county, true);
    county.erase(erased);
    let list = ErasureList::of(county.service.ledger()).expect("a list");
    assert_eq!(list.erased.keys().copied().collect::<Vec<_>>(), [erased]);
    let list = ErasureList::read(&list.text()).expect("reads back");

    let with = tempfile::tempdir().expect("a directory");
    let ledger = county::ledger(with.path());
    let (taken, master) = take(&old, ledger.clone(), None, &list.erased).expect("taken");
    assert_eq!(taken.erased, 1);
    let restored = county::open(ledger.clone(), with.path(), master).expect("a service");
    assert_eq!(own_phone(&restored, erased), None, "its key did not come back");
    assert_eq!(own_phone(&restored, kept).as_deref(), Some(PHONE));
    // What the list accounts for is no loss, every other key that is gone is.
    let keyless = |ledger: &dyn Ledger| {
        recount(ledger, None, county::clock().now(), &mut |_, _| {}).expect("counted").keyless
    };
    assert_eq!(keyless(ledger.as_ref()), Keyless { listed: 1, lost: 0, first_lost: None });
    restored.close();
    let destroyed = Batch { destroyed: vec![kept], ..Batch::default() };
    ledger.commit(ledger.head().expect("a head"), &destroyed).expect("committed");
    assert_eq!(keyless(ledger.as_ref()), Keyless { listed: 1, lost: 1, first_lost: Some(kept) });

    // Without the list the backup still opens it, which the command says; the list can come later.
    let without = tempfile::tempdir().expect("a directory");
    let ledger = county::ledger(without.path());
    let (taken, master) = take(&old, ledger.clone(), None, &Erasures::new()).expect("taken");
    assert_eq!(taken.erased, 0);
    assert_eq!(list.apply(ledger.as_ref()).expect("applied"), 1);
    assert_eq!(list.apply(ledger.as_ref()).expect("applied again"), 0);
    assert_eq!(keyless(ledger.as_ref()), Keyless { listed: 1, lost: 0, first_lost: None });
    let restored = county::open(ledger, without.path(), master).expect("a service");
    assert_eq!(own_phone(&restored, erased), None);
    assert_eq!(own_phone(&restored, kept).as_deref(), Some(PHONE));
    gongzhi_store::verify(restored.ledger(), &mut |_| {}).expect("it still verifies");
}
