//! Receipt codes: what a resident holds to follow a matter without an account.
//!
//! A code is 16 characters of an alphabet without look-alikes: 75 bits from HMAC-SHA-256 over the
//! record's identifier, and one check character against typing errors. Nothing but a digest of it is
//! stored; whoever may print it again computes it again.

use std::sync::Arc;

use gongzhi_base::{Digest, RecordId};
use gongzhi_store::{Ledger, StoreError};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::ambient::Machine;
use crate::seal::{MasterKey, Seals};
use crate::service::{basics, setting};

/// Crockford's alphabet: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 16;

/// The secret from which receipt codes follow.
pub struct CodeSecret(pub [u8; 32]);

impl CodeSecret {
    /// The secret that a ledger keeps, opened by its master key; `None` when it keeps none or the key does not open it.
    /// Changes nothing.
    pub fn kept(ledger: &Arc<dyn Ledger>, master: MasterKey) -> Result<Option<CodeSecret>, StoreError> {
        let Some(kept) = ledger.setting(setting::CODES)? else { return Ok(None) };
        if let Ok(plain) = kept.as_slice().try_into() {
            // As versions before sealing wrote it.
            return Ok(Some(CodeSecret(plain)));
        }
        let (county, ..) = basics(ledger.as_ref())?;
        let seals = Seals::of(&county, master, ledger.clone(), Arc::new(Machine));
        Ok(seals.unwrap(setting::CODES, &kept).map(|secret| CodeSecret(*secret)))
    }

    /// The receipt code of a record, without separators.
    pub fn code(&self, record: RecordId) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            unreachable!("HMAC takes keys of any length")
        };
        mac.update(b"gongzhi.receipt");
        mac.update(&record.0);
        let bytes = mac.finalize().into_bytes();
        let mut bits: u128 = bytes.iter().take(16).fold(0, |bits, byte| bits << 8 | u128::from(*byte));
        let mut values = Vec::with_capacity(LENGTH);
        for _ in 0..LENGTH - 1 {
            values.push((bits & 31) as usize);
            bits >>= 5;
        }
        values.push(check(&values));
        values.into_iter().map(|value| ALPHABET[value] as char).collect()
    }
}

/// A weighted sum that notices every single wrong character and every swap of neighbours.
fn check(values: &[usize]) -> usize {
    // Weights 3, 5, 7, … are odd and so invertible modulo 32; neighbours differ by 2, so a swap of
    // two characters that differ by 16 is the only one that stays unseen.
    values.iter().enumerate().map(|(at, value)| value * (2 * at + 3)).sum::<usize>() % 32
}

/// Groups of four, as printed.
pub fn grouped(code: &str) -> String {
    let chars: Vec<char> = code.chars().collect();
    chars.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// Reads a typed code: any case, full-width characters, spaces and dashes; O is read as 0, I and L
/// as 1. `None` when it cannot be a code at all (its check character says so).
pub fn read(typed: &str) -> Option<String> {
    let mut code = String::with_capacity(LENGTH);
    for c in typed.chars() {
        let c = match c as u32 {
            wide @ 0xFF01..=0xFF5E => char::from_u32(wide - 0xFEE0)?,
            _ => c,
        };
        match c.to_ascii_uppercase() {
            ' ' | '-' | '\u{3000}' | '—' | '–' | '\t' | '\n' | '\r' => {}
            'O' => code.push('0'),
            'I' | 'L' => code.push('1'),
            c => code.push(c),
        }
        if code.len() > LENGTH {
            return None;
        }
    }
    let values: Option<Vec<usize>> =
        code.bytes().map(|byte| ALPHABET.iter().position(|known| *known == byte)).collect();
    let values = values.filter(|values| values.len() == LENGTH)?;
    (check(&values[..LENGTH - 1]) == values[LENGTH - 1]).then_some(code)
}

/// What is stored of a code.
pub fn digest(code: &str) -> Digest {
    Digest::of_parts(&[b"gongzhi.receipt", code.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back_however_typed() {
        let code = CodeSecret([7; 32]).code(RecordId([9; 16]));
        assert_eq!(code.len(), LENGTH);
        assert_eq!(read(&grouped(&code)), Some(code.clone()));
        assert_eq!(read(&code.to_lowercase()), Some(code.clone()));
        let wide: String = code.chars().filter_map(|c| char::from_u32(c as u32 + 0xFEE0)).collect();
        assert_eq!(read(&wide), Some(code));
    }

    #[test]
    fn a_wrong_character_is_noticed() {
        let code = CodeSecret([7; 32]).code(RecordId([9; 16]));
        for at in 0..LENGTH {
            for wrong in ALPHABET {
                let mut bytes = code.clone().into_bytes();
                if bytes[at] == *wrong {
                    continue;
                }
                bytes[at] = *wrong;
                assert_eq!(read(std::str::from_utf8(&bytes).expect("ascii")), None);
            }
        }
        for bad in ["", "1234", "没有这个码", &"A".repeat(400)] {
            assert_eq!(read(bad), None);
        }
    }
}
