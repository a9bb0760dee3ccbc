//! [`SoundValues`]: what was walked over before and found sound.

use std::hash::Hasher as _;

use memchr::memchr;
use rustc_hash::{FxHashMap, FxHasher};
use twinlake_fhir::Cursor;

use super::schema::Slot;

/// How many values are kept.
const MOST: usize = 1 << 14;

/// Bytes of the longest value that is kept.
const LONGEST: usize = 1 << 10;

/// Texts of objects that broke no rule where they stood, so that the same text there need not be walked over again.
#[derive(Default)]
pub(super) struct SoundValues {
    /// By the number of the slot and the hash of the text to its first closing brace.
    texts: FxHashMap<(u32, u64), Box<str>>,
}

impl SoundValues {
    /// Passes over the object that comes next, when it is known to be sound in this slot.
    pub(super) fn take(&self, cursor: &mut Cursor<'_>, slot: &Slot) -> bool {
        let known = beginning(cursor.rest()).and_then(|hash| self.texts.get(&(slot.number, hash)));
        // What begins with a whole object is that object: no object begins another.
        known.is_some_and(|text| cursor.take_text(text))
    }

    /// Learns of an object that is sound in this slot.
    pub(super) fn learn(&mut self, object: &str, slot: &Slot) {
        if self.texts.len() < MOST
            && object.len() <= LONGEST
            && let Some(hash) = beginning(object)
        {
            self.texts.insert((slot.number, hash), object.into());
        }
    }
}

/// Hash of an object's beginning, by which it is looked up; none when that is long.
fn beginning(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    let end = memchr(b'}', &bytes[..bytes.len().min(LONGEST)])?;
    let mut hasher = FxHasher::default();
    hasher.write(&bytes[..end]);
    Some(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fhir::schema::Schema;

    #[test]
    fn only_the_same_text_in_the_same_slot_is_known() {
        let slot = |name| Schema::r4().named("Condition").unwrap().slot(name).unwrap();
        let (code, severity) = (slot("code"), slot("severity"));
        let mut sound = SoundValues::default();
        let concept = r#"{"coding":[{"code":"1"}],"text":"}"}"#;
        sound.learn(concept, code);
        let takes = |text: &str, slot| {
            let mut cursor = Cursor::new(text);
            sound.take(&mut cursor, slot).then(|| cursor.rest().len())
        };
        assert_eq!(takes(concept, code), Some(0));
        assert_eq!(takes(&format!("{concept},\"x\":1"), code), Some(6));
        for other in [r#"{"coding":[{"code":"1"}],"text":"x"}"#, r#"{"coding":[{"code":"1"}]}"#, "{", ""] {
            assert_eq!(takes(other, code), None, "{other}");
        }
        assert_eq!(takes(concept, severity), None);
    }
}
