//! A new master key: everything opens with it, nothing with the old one, wherever it was cut off.

use gongzhi_service::rotate::{rotate, rotating};
use gongzhi_service::seal::MasterKey;

use crate::county::{self, County, PHONE, own_phone};

#[test]
fn a_new_master_key_takes_over_also_after_it_was_cut_off() {
    let county = County::new();
    let ids: Vec<_> = (0..6).map(|n| county.report(&format!("第{n}盏路灯坏了，请来修"))).collect();
    let code = county.service.receipt_code(ids[0]);
    let (ambient, old, dir) = (county.ambient(), county.master.clone(), county.dir.path().to_owned());
    let checkpoint = county.service.checkpoint().expect("a checkpoint").note.to_string();
    let new = MasterKey::fresh(ambient.as_ref());
    let ledger = county.ledger();
    let County { service, dir: _held, .. } = county;
    service.close();

    // Cut off in the middle: keys are under the new one, secrets under the old, and the product says so.
    let cut = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        rotate(&ledger, old.clone(), new.clone(), &ambient, &mut |_| panic!("the power is gone"))
    }));
    assert!(cut.is_err());
    assert_eq!(rotating(ledger.as_ref()), Ok(true));
    for key in [&old, &new] {
        let refused = county::open(ledger.clone(), &dir, key.clone()).err().expect("refused");
        assert!(refused.ends_with(": rotating"), "{refused}");
    }
    let done = rotate(&ledger, old.clone(), new.clone(), &ambient, &mut |_| {}).expect("to the end");
    assert!(done.secrets >= 2, "codes and the log's key: {done:?}");
    let again = rotate(&ledger, old.clone(), new.clone(), &ambient, &mut |_| {}).expect("nothing to do");
    assert_eq!(again.keys + again.secrets, 0);

    let refused = county::open(ledger.clone(), &dir, old).err().expect("refused");
    assert!(refused.contains("not the one of this county"), "{refused}");
    let service = county::open(ledger, &dir, new).expect("opens");
    for id in &ids {
        assert_eq!(own_phone(&service, *id).as_deref(), Some(PHONE));
    }
    assert_eq!(service.by_code(&code), Ok(Some(ids[0])), "receipts stay");
    assert_eq!(
        service.checkpoint().expect("a checkpoint").note.to_string(),
        checkpoint,
        "the log's key is the same"
    );
}
