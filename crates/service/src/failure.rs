//! What a use case answers when it cannot do what was wanted.

use gongzhi_kernel::Refusal;
use gongzhi_store::StoreError;

/// Why a use case was not carried out. In each case nothing was changed.
#[derive(Clone, PartialEq, Debug)]
pub enum Failure {
    /// A rule says no.
    Refused(Refusal),
    /// The database failed; the words are for the operator, not for the person.
    Store(StoreError),
    /// This machine's clock lies so many minutes behind the last entry: it would date what follows falsely.
    Clock { minutes: i64 },
    /// Too much at once: try again in a moment with the same command identifier.
    Busy,
    /// There is nothing here, or nothing that this reader may know of.
    NotFound,
    /// Nobody is signed in.
    SignedOut,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        match refusal {
            Refusal::NoRecord => Failure::NotFound,
            refusal => Failure::Refused(refusal),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::Store(error)
    }
}
