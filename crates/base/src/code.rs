//! Official codes: divisions (GB/T 2260 and the statistics bureau's 2+2+2+3+3), identity numbers
//! (GB 11643) and organisation codes (GB 32100).

/// Whether an 18-character identity number has a valid form, date and check character (GB 11643).
pub fn identity_number(text: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECK: &[u8; 11] = b"10X98765432";
    let bytes = text.as_bytes();
    if bytes.len() != 18 || !bytes[..17].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let number = |range: std::ops::Range<usize>| text[range].parse::<i16>().unwrap_or(0);
    let date = jiff::civil::Date::new(number(6..10), number(10..12) as i8, number(12..14) as i8);
    let sum: u32 = bytes.iter().zip(WEIGHTS).map(|(b, w)| u32::from(b - b'0') * w).sum();
    date.is_ok() && CHECK[(sum % 11) as usize] == bytes[17].to_ascii_uppercase()
}

/// Whether an 18-character unified social credit code has a valid check character (GB 32100).
pub fn organisation_code(text: &str) -> bool {
    const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let value = |b: &u8| ALPHABET.iter().position(|c| c == b);
    let Some(values) = text.as_bytes().iter().map(value).collect::<Option<Vec<usize>>>() else {
        return false;
    };
    if values.len() != 18 {
        return false;
    }
    let mut weight = 1;
    let mut sum = 0;
    for digit in &values[..17] {
        sum += digit * weight;
        weight = weight * 3 % 31;
    }
    (31 - sum % 31) % 31 == values[17]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_numbers_follow_gb_11643() {
        assert!(identity_number("11010519491231002X"));
        assert!(identity_number("11010519491231002x"));
        assert!(!identity_number("110105194912310021"));
        assert!(!identity_number("11010519491331002X"), "no thirteenth month");
        assert!(!identity_number("1101051949123100"));
    }

    #[test]
    fn organisation_codes_follow_gb_32100() {
        assert!(organisation_code("91350100M000100Y43"));
        assert!(!organisation_code("91350100M000100Y44"));
        assert!(!organisation_code("91350100M000100I43"), "I is not in the alphabet");
    }
}
