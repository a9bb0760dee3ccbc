//! Where names are found.

use twinlake_pack::{ConceptKey, Key, Onset, Pack, Table};

/// Where names are found. The pack is linted, so each of them is there.
pub(super) struct Names<'a> {
    pub(super) pack: &'a Pack,
    /// Indices into the pack's conditions: chronic ones first, causes before what they cause.
    pub(super) order: Vec<usize>,
    /// Keys of labs, inputs first.
    pub(super) labs: Vec<Key>,
}

pub(super) const LINTED: &str = "the lint of the pack has looked it up";

impl<'a> Names<'a> {
    pub(super) fn new(pack: &'a Pack) -> Self {
        let acute = |index: &usize| matches!(pack.conditions[*index].onset, Onset::Recurrent { .. });
        let mut order: Vec<usize> = Vec::new();
        while order.len() < pack.conditions.len() {
            let settled = |key: Key| order.iter().any(|&index| pack.conditions[index].key == key);
            let ready: Vec<usize> = (0..pack.conditions.len())
                .filter(|index| !order.contains(index))
                .filter(|&index| pack.conditions[index].causes().all(settled))
                .collect();
            assert!(!ready.is_empty(), "{LINTED}");
            order.extend(ready);
        }
        order.sort_by_key(acute);
        let mut labs: Vec<Key> = Vec::new();
        while labs.len() < pack.labs.len() {
            let ready: Vec<Key> = pack
                .labs
                .iter()
                .filter(|lab| !labs.contains(&lab.key))
                .filter(|lab| lab.inputs().iter().chain(&lab.parts).all(|input| labs.contains(input)))
                .map(|lab| lab.key)
                .collect();
            assert!(!ready.is_empty(), "{LINTED}");
            labs.extend(ready);
        }
        Self { pack, order, labs }
    }

    pub(super) fn concept(&self, key: Key) -> ConceptKey {
        self.pack.key(&key).expect(LINTED)
    }

    pub(super) fn latent(&self, key: Key) -> usize {
        self.pack.latents.iter().position(|latent| latent.key == key).expect(LINTED)
    }

    pub(super) fn condition_index(&self, key: Key) -> usize {
        self.order.iter().position(|&index| self.pack.conditions[index].key == key).expect(LINTED)
    }

    pub(super) fn specimen(&self, key: Key) -> usize {
        self.pack.specimens.iter().position(|specimen| specimen.key == key).expect(LINTED)
    }

    pub(super) fn medication(&self, key: Key) -> usize {
        self.pack.medications.iter().position(|medication| medication.key == key).expect(LINTED)
    }

    pub(super) fn lab(&self, key: Key) -> usize {
        self.labs.iter().position(|&lab| lab == key).expect(LINTED)
    }

    pub(super) fn table(&self, path: Key) -> &'a Table {
        self.pack.table(&path).expect(LINTED)
    }
}
