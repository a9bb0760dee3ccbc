//! Which resources were met, and which content of each is the one to write.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// The resources of both readings, by a hash of type and id.
#[derive(Debug, Default)]
pub(crate) struct Seen(BTreeMap<u128, State>);

#[derive(Clone, Copy, Debug)]
struct State {
    /// The highest version that was met.
    version: u32,
    is_written: bool,
    /// Hash of the content that was written.
    content: u64,
}

/// What is to be done with a resource.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// Write it.
    New,
    /// The same content is written.
    Duplicate,
    /// Another content of the same resource is written, or will be.
    Superseded,
}

impl Seen {
    /// Takes note of a resource in the first reading.
    pub(crate) fn learn(&mut self, resource_type: &str, id: &str, version: u32) {
        let state = State { version, is_written: false, content: 0 };
        let known = self.0.entry(hash(&[resource_type, id])).or_insert(state);
        known.version = known.version.max(version);
    }

    /// Decides on a resource in the second reading: the first of the highest version is written.
    pub(crate) fn judge(&mut self, resource_type: &str, id: &str, version: u32, content: &str) -> Verdict {
        let new = State { version, is_written: false, content: 0 };
        let state = self.0.entry(hash(&[resource_type, id])).or_insert(new);
        // 64 bits are enough to tell the few contents of one resource apart.
        let content = u64::try_from(hash(&[content]) & u128::from(u64::MAX)).expect("64 bits");
        if state.is_written && state.content == content {
            Verdict::Duplicate
        } else if state.is_written || version < state.version {
            Verdict::Superseded
        } else {
            *state = State { version, is_written: true, content };
            Verdict::New
        }
    }
}

fn hash(parts: &[&str]) -> u128 {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update((part.len() as u64).to_le_bytes());
        sha.update(part.as_bytes());
    }
    u128::from_le_bytes(sha.finalize()[..16].try_into().expect("SHA-256 has 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::Verdict::{Duplicate, New, Superseded};
    use super::*;

    #[test]
    fn the_first_of_the_highest_version_is_written() {
        let records = [(1, "a"), (3, "b"), (1, "a"), (3, "b"), (3, "c"), (2, "d")];
        let mut seen = Seen::default();
        for (version, _) in records {
            seen.learn("Patient", "p", version);
        }
        let verdicts: Vec<_> =
            records.iter().map(|(version, text)| seen.judge("Patient", "p", *version, text)).collect();
        assert_eq!(verdicts, [Superseded, New, Superseded, Duplicate, Superseded, Superseded]);
        assert_eq!(seen.judge("Practitioner", "p", 0, "a"), New);
    }
}
