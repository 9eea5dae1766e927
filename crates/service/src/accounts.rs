//! Signing in: Argon2id, sessions of which only a digest is stored, and a brake on guessing.

use std::num::NonZeroU32;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use gongzhi_base::{Digest, Timestamp};
use gongzhi_kernel::Actor;
use gongzhi_store::{Credential, Ledger, Session, StoreError};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::failure::Failure;
use crate::seal::Seals;
use crate::service::Service;

/// A working day: after this a session ends.
const SESSION_MILLIS: i64 = 12 * 3_600_000;

/// Brakes on guessing passwords and receipt codes, by who asks.
pub struct Attempts {
    sign_in: DefaultKeyedRateLimiter<String>,
    codes: DefaultKeyedRateLimiter<String>,
    messages: DefaultKeyedRateLimiter<String>,
}

impl Default for Attempts {
    fn default() -> Attempts {
        let per_minute = |n: u32| Quota::per_minute(NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN));
        Attempts {
            sign_in: RateLimiter::keyed(per_minute(10)),
            codes: RateLimiter::keyed(per_minute(20)),
            messages: RateLimiter::keyed(per_minute(6)),
        }
    }
}

/// Somebody signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The secret for the cookie: 64 hexadecimal digits.
    pub token: String,
    pub expires: Timestamp,
}

/// The person behind a session.
#[derive(Clone, Debug)]
pub struct Staff {
    pub code: String,
    pub name: String,
    pub actor: Actor,
    /// The secret of the session's forms, as hexadecimal text.
    pub csrf: String,
}

/// Why nobody was signed in.
#[derive(Clone, PartialEq, Debug)]
pub enum SignInFault {
    /// Name or password is wrong; which one is not said.
    Wrong,
    /// Too many attempts: wait a minute.
    TooMany,
    Failure(Failure),
}

impl From<StoreError> for SignInFault {
    fn from(error: StoreError) -> SignInFault {
        SignInFault::Failure(Failure::Store(error))
    }
}

/// Argon2id with the least parameters that OWASP recommends (19 MiB, 2 passes, 1 lane).
fn argon2() -> Argon2<'static> {
    let params = Params::new(19_456, 2, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn token_digest(token: &str) -> Digest {
    Digest::of_parts(&[b"gongzhi.session", token.as_bytes()])
}

/// What is kept of a password, without what binds it to its account.
fn plain(kept: &str) -> &str {
    kept.split_once(' ').map_or(kept, |(hash, _)| hash)
}

/// What binds accounts and sessions to the county's master key: whoever can only write to the database cannot make or
/// change one.
pub(crate) struct Binding([u8; 32]);

impl Binding {
    /// The county's.
    pub fn of(seals: &Seals) -> Binding {
        Binding(seals.derived("accounts"))
    }

    fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            unreachable!("HMAC takes keys of any length")
        };
        mac.update(&Digest::of_parts(parts).0);
        mac.finalize().into_bytes().into()
    }

    fn account(&self, login: &str, person: &str, hash: &str) -> String {
        let parts = [b"gongzhi.account", login.as_bytes(), person.as_bytes(), hash.as_bytes()];
        format!("{hash} {}", Digest(self.mac(&parts)))
    }

    /// Binds by this key what was bound by another one; what was not is left as it is.
    pub fn anew(&self, old: &Binding, ledger: &dyn Ledger) -> Result<(), StoreError> {
        for account in ledger.credentials()? {
            let Credential { login, person, hash } = &account;
            if old.account(login, person, plain(hash)) == *hash {
                let hash = self.account(login, person, plain(hash));
                ledger.put_credential(&Credential { hash, ..account })?;
            }
        }
        Ok(())
    }

    /// Logins that nobody is let in with, because their accounts were changed outside of the product.
    pub fn altered(&self, ledger: &dyn Ledger) -> Result<Vec<String>, StoreError> {
        let wrong = |account: &Credential| {
            self.account(&account.login, &account.person, plain(&account.hash)) != account.hash
        };
        Ok(ledger.credentials()?.into_iter().filter(wrong).map(|account| account.login).collect())
    }

    /// Binds the accounts of a ledger that was made before accounts were bound. Where one of them is bound, nothing is
    /// done: the others are not the product's.
    pub fn first(&self, ledger: &dyn Ledger) -> Result<(), StoreError> {
        let accounts = ledger.credentials()?;
        if accounts.iter().any(|account| account.hash.contains(' ')) {
            return Ok(());
        }
        for account in &accounts {
            let hash = self.account(&account.login, &account.person, &account.hash);
            ledger.put_credential(&Credential { hash, ..account.clone() })?;
        }
        if !accounts.is_empty() {
            tracing::warn!(accounts = accounts.len(), "accounts of before are bound to the master key now");
        }
        Ok(())
    }
}

impl Service {
    /// The secret of a session's forms; it follows from all that the session says.
    fn form_secret(&self, session: &Session) -> [u8; 16] {
        let times = [session.created.0.to_be_bytes(), session.expires.0.to_be_bytes()].concat();
        let mac =
            self.binding.mac(&[b"gongzhi.session", &session.token.0, session.person.as_bytes(), &times]);
        mac.first_chunk().copied().unwrap_or_default()
    }

    /// Gives a person an account, or a new password. Slow on purpose.
    pub fn set_password(&self, login: &str, person: &str, password: &str) -> Result<(), Failure> {
        let salt = self.ambient().sixteen();
        let hash = argon2()
            .hash_password_with_salt(password.as_bytes(), &salt)
            .map_err(|error| Failure::Store(StoreError::Engine(error.to_string())))?
            .to_string();
        let hash = self.binding.account(login, person, &hash);
        let credential = Credential { login: login.to_owned(), person: person.to_owned(), hash };
        Ok(self.ledger().put_credential(&credential)?)
    }

    /// Signs in. `from` names the asking address for the brake. Slow on purpose.
    pub fn sign_in(&self, login: &str, password: &str, from: &str) -> Result<SignedIn, SignInFault> {
        let login = login.trim().to_lowercase();
        let by_address = self.attempts.sign_in.check_key(&format!("a {from}"));
        let by_login = self.attempts.sign_in.check_key(&format!("l {login}"));
        if by_address.is_err() || by_login.is_err() {
            return Err(SignInFault::TooMany);
        }
        let credential = self.ledger().credential(&login)?;
        // An unknown name costs the same time as a wrong password.
        const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let hash = credential.as_ref().map_or(NOBODY, |credential| plain(&credential.hash));
        let right = PasswordHash::new(hash)
            .is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok());
        let Some(credential) = credential.filter(|_| right) else { return Err(SignInFault::Wrong) };
        if self.binding.account(&login, &credential.person, plain(&credential.hash)) != credential.hash {
            tracing::error!(
                login,
                "an account was changed outside of the product, and nobody is let in with it"
            );
            metrics::counter!("gongzhi_accounts_altered").increment(1);
            return Err(SignInFault::Wrong);
        }
        let (a, b) = (self.ambient().sixteen(), self.ambient().sixteen());
        let token = Digest([a, b].concat().try_into().unwrap_or([0; 32])).to_string();
        let now = self.now();
        let mut session = Session {
            token: token_digest(&token),
            person: credential.person,
            created: now,
            expires: now.plus_millis(SESSION_MILLIS),
            csrf: [0; 16],
        };
        session.csrf = self.form_secret(&session);
        self.ledger().put_session(&session)?;
        Ok(SignedIn { token, expires: session.expires })
    }

    /// The person behind a session's token.
    pub fn staff(&self, token: &str) -> Result<Option<Staff>, Failure> {
        let Some(session) = self.ledger().session(token_digest(token), self.now())? else { return Ok(None) };
        // It was begun for this person by this county's server, and not altered since.
        if self.form_secret(&session) != session.csrf {
            tracing::error!("a session was changed outside of the product: it is not believed");
            metrics::counter!("gongzhi_accounts_altered").increment(1);
            return Ok(None);
        }
        let state = self.state();
        let Some(person) = state.world.person(&session.person) else { return Ok(None) };
        let csrf = gongzhi_base::RecordId(session.csrf).to_string();
        let actor = self.actor_of(&person.code);
        Ok(Some(Staff { code: person.code.clone(), name: person.name.clone(), actor, csrf }))
    }

    /// Ends a session.
    pub fn sign_out(&self, token: &str) -> Result<(), Failure> {
        Ok(self.ledger().end_session(token_digest(token))?)
    }

    /// Whether a person may send himself one more test message.
    pub fn may_test_message(&self, person: &str) -> bool {
        self.attempts.messages.check_key(&person.to_owned()).is_ok()
    }

    /// Whether one more try at a receipt code is allowed for an address.
    pub fn may_try_code(&self, from: &str) -> bool {
        self.attempts.codes.check_key(&from.to_owned()).is_ok()
    }
}

/// Whether two secrets are equal, in time that does not depend on where they differ.
pub fn same_secret(a: &str, b: &str) -> bool {
    use subtle::ConstantTimeEq as _;
    a.as_bytes().ct_eq(b.as_bytes()).into()
}
