//! Writing JSON text.
//!
//! Generated cohorts are bound by this: a patient has hundreds of kilobytes of it. So elements append themselves to the
//! bytes of a line, keys come with their quotes and colon, and strings are looked at sixteen bytes at a time.

/// What can be written as a JSON value.
pub(crate) trait WriteJson {
    /// Appends the value.
    fn write_json(&self, out: &mut Vec<u8>);
}

impl<T: WriteJson> WriteJson for Box<T> {
    fn write_json(&self, out: &mut Vec<u8>) {
        T::write_json(self, out);
    }
}

impl WriteJson for bool {
    fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

impl WriteJson for u32 {
    fn write_json(&self, out: &mut Vec<u8>) {
        push_digits(out, u64::from(*self), 1);
    }
}

impl WriteJson for i32 {
    fn write_json(&self, out: &mut Vec<u8>) {
        if *self < 0 {
            out.push(b'-');
        }
        push_digits(out, u64::from(self.unsigned_abs()), 1);
    }
}

/// Appends `number` with at least that many digits.
pub(crate) fn push_digits(out: &mut Vec<u8>, mut number: u64, at_least: usize) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    while number > 0 {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    out.extend_from_slice(&digits[at.min(digits.len() - at_least)..]);
}

/// Appends `text` as a JSON string.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    out.reserve(rest.len() + 2);
    out.push(b'"');
    while let Some(at) =
        rest.chunks(16).position(|chunk| chunk.iter().fold(false, |found, &byte| found | is_escaped(byte)))
    {
        let at = at * 16;
        let at = at + rest[at..].iter().position(|&byte| is_escaped(byte)).unwrap_or_default();
        out.extend_from_slice(&rest[..at]);
        push_escaped(out, rest[at]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Whether JSON lets the byte stand in a string only when it is escaped; without branches, so that many are compared at once.
const fn is_escaped(byte: u8) -> bool {
    let [control, quote, backslash] = [byte < 0x20, byte == b'"', byte == b'\\'];
    control | quote | backslash
}

fn push_escaped(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x0c => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Appends an object; `members` appends each member with a comma after it.
pub(crate) fn push_object(out: &mut Vec<u8>, members: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'{');
    members(out);
    close(out, b'}');
}

/// Appends an array; `places` appends each place with a comma after it.
pub(crate) fn push_array(out: &mut Vec<u8>, places: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'[');
    places(out);
    close(out, b']');
}

/// The comma after the last makes room for the bracket.
fn close(out: &mut Vec<u8>, bracket: u8) {
    match out.last_mut() {
        Some(last) if *last == b',' => *last = bracket,
        _ => out.push(bracket),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn strings_are_written_as_by_serde_json(text in any::<String>(), low in "[\u{0}-\u{7f}]{0,40}") {
            for text in [text, low] {
                let mut out = Vec::new();
                push_string(&mut out, &text);
                prop_assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&text).unwrap());
            }
        }

        #[test]
        fn digits_are_those_of_the_number(number in any::<u64>(), at_least in 1_usize..=20) {
            let mut out = Vec::new();
            push_digits(&mut out, number, at_least);
            prop_assert_eq!(String::from_utf8(out).unwrap(), format!("{number:0at_least$}"));
        }
    }
}
