//! Millions of concepts in one run of bytes, which is also the cache file: fixed records, text arenas, a hash of codes.
//!
//! A concept's *place* is its rank by id. Numbers are little-endian; nothing is decoded before it is asked for, so
//! opening a cache is reading a file.

use std::collections::BTreeMap;
use std::io::{self, Write};

use chrono::{Datelike as _, NaiveDate};
use twinlake_omop::ConceptId;

use crate::{Concept, Domain};

/// Bytes of a concept's record.
const RECORD: usize = 30;
/// Bytes of a link: place of its other end, and two numbers.
const LINK: usize = 12;
/// What a store's last eight bytes say; it changes with the format.
pub(crate) const MAGIC: &[u8; 8] = b"TWLVOC02";
/// Bytes after the key: the sections' lengths, the key's length, the magic.
const TAIL: usize = SECTIONS * 8 + 8 + 8;

const STANDARD: u8 = 1;
const CLASSIFICATION: u8 = 2;
const DELETED: u8 = 4;
const UPGRADED: u8 = 8;

/// The sections, in their order.
const NAMES: usize = 0;
const CODES: usize = 1;
const RECORDS: usize = 2;
const HASH: usize = 3;
const DICTIONARIES: usize = 12;
const SECTIONS: usize = 15;

/// What one concept is linked to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// `Maps to`, of concepts that are not standard; the numbers are its first and last day.
    MapsTo,
    /// `Maps to value`; the numbers are its first and last day.
    MapsToValue,
    /// Drug to ingredient; the numbers are the least and most levels between them.
    Ingredient,
    /// Drug to an ingredient that one piece of it has a known amount of; the numbers are the amount, as the bits of an `f32`,
    /// and the concept id of its unit.
    Strength,
}

/// What concepts are linked to, in the order of [`Kind::ALL`].
pub(crate) type Links = [Vec<Link>; 4];

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::MapsTo, Self::MapsToValue, Self::Ingredient, Self::Strength];

    /// The section of its offsets; that of its links follows.
    fn section(self) -> usize {
        HASH + 1 + 2 * self as usize
    }
}

/// A link from one concept to another, by their ids.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Link {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) numbers: (u32, u32),
}

/// One end of a link, by place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct End {
    pub(crate) place: u32,
    pub(crate) numbers: (u32, u32),
}

/// A concept as it is put in: dates are numbers such as 20991231.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'i> {
    pub(crate) id: u32,
    pub(crate) name: &'i str,
    pub(crate) domain: &'i str,
    pub(crate) vocabulary: &'i str,
    pub(crate) class: &'i str,
    pub(crate) standard: &'i str,
    pub(crate) code: &'i str,
    pub(crate) valid_start: u32,
    pub(crate) valid_end: u32,
    pub(crate) invalid: &'i str,
}

impl<'i> From<Concept<'i>> for Input<'i> {
    fn from(concept: Concept<'i>) -> Self {
        Self {
            id: concept.concept_id.get().unsigned_abs(),
            name: concept.label,
            domain: concept.domain_id,
            vocabulary: concept.vocabulary,
            class: concept.class,
            standard: concept.standard_concept().unwrap_or_default(),
            code: concept.code,
            valid_start: number_of(concept.valid_start),
            valid_end: number_of(concept.valid_end),
            invalid: concept.invalid_reason.unwrap_or_default(),
        }
    }
}

/// Why a concept does not fit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TooMuch(pub(crate) &'static str);

/// Texts numbered as they come.
#[derive(Debug, Default)]
struct Dictionary {
    numbers: BTreeMap<String, u16>,
    texts: Vec<String>,
}

impl Dictionary {
    fn number(&mut self, text: &str, what: &'static str) -> Result<u16, TooMuch> {
        if let Some(number) = self.numbers.get(text) {
            return Ok(*number);
        }
        let number = u16::try_from(self.texts.len()).map_err(|_| TooMuch(what))?;
        self.numbers.insert(text.to_owned(), number);
        self.texts.push(text.to_owned());
        Ok(number)
    }
}

#[derive(Clone, Copy, Debug)]
struct Record {
    id: u32,
    name_at: u32,
    code_at: u32,
    valid_start: u32,
    valid_end: u32,
    vocabulary: u16,
    class: u16,
    domain: u16,
    name_len: u16,
    code_len: u8,
    flags: u8,
}

impl Record {
    fn to_bytes(self) -> [u8; RECORD] {
        let mut bytes = [0; RECORD];
        for (slot, number) in
            bytes.chunks_exact_mut(4).zip([self.id, self.name_at, self.code_at, self.valid_start, self.valid_end])
        {
            slot.copy_from_slice(&number.to_le_bytes());
        }
        let shorts = [self.vocabulary, self.class, self.domain, self.name_len];
        for (slot, number) in bytes[20..28].chunks_exact_mut(2).zip(shorts) {
            slot.copy_from_slice(&number.to_le_bytes());
        }
        bytes[28] = self.code_len;
        bytes[29] = self.flags;
        bytes
    }

    fn read(bytes: &[u8], place: u32) -> Option<Self> {
        let at = usize::try_from(place).ok()?.checked_mul(RECORD)?;
        let bytes = bytes.get(at..at + RECORD)?;
        let long = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let short = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        Some(Self {
            id: long(0),
            name_at: long(4),
            code_at: long(8),
            valid_start: long(12),
            valid_end: long(16),
            vocabulary: short(20),
            class: short(22),
            domain: short(24),
            name_len: short(26),
            code_len: bytes[28],
            flags: bytes[29],
        })
    }
}

/// Takes concepts in any order and writes a store; names go out as they come, so they never fill memory.
#[derive(Debug)]
pub(crate) struct Builder<W> {
    out: W,
    names: u32,
    codes: Vec<u8>,
    records: Vec<Record>,
    vocabularies: Dictionary,
    classes: Dictionary,
    domains: Dictionary,
}

/// Why a store could not be finished.
#[derive(Debug)]
pub(crate) enum BuildError {
    /// Writing failed.
    Io(io::Error),
    /// A concept id stands there twice.
    Twice(u32),
}

impl From<io::Error> for BuildError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl<W: Write> Builder<W> {
    pub(crate) fn new(out: W) -> Self {
        Self {
            out,
            names: 0,
            codes: Vec::new(),
            records: Vec::new(),
            vocabularies: Dictionary::default(),
            classes: Dictionary::default(),
            domains: Dictionary::default(),
        }
    }

    /// Adds a concept; the inner error says what of it is too long.
    pub(crate) fn push(&mut self, concept: &Input<'_>) -> io::Result<Result<(), TooMuch>> {
        let record = match self.record(concept) {
            Ok(record) => record,
            Err(error) => return Ok(Err(error)),
        };
        self.out.write_all(concept.name.as_bytes())?;
        self.names += u32::from(record.name_len);
        self.codes.extend_from_slice(concept.code.as_bytes());
        self.records.push(record);
        Ok(Ok(()))
    }

    fn record(&mut self, concept: &Input<'_>) -> Result<Record, TooMuch> {
        let name_len = u16::try_from(concept.name.len()).map_err(|_| TooMuch("name of at most 65,535 bytes"))?;
        if self.names.checked_add(u32::from(name_len)).is_none() {
            return Err(TooMuch("name: all names together have more than 4 GB"));
        }
        let mut flags = 0;
        if concept.standard == "S" {
            flags |= STANDARD;
        }
        if concept.standard == "C" {
            flags |= CLASSIFICATION;
        }
        match concept.invalid {
            "D" => flags |= DELETED,
            "U" => flags |= UPGRADED,
            _ => {}
        }
        Ok(Record {
            id: concept.id,
            name_at: self.names,
            code_at: u32::try_from(self.codes.len()).map_err(|_| TooMuch("code: all codes have more than 4 GB"))?,
            valid_start: concept.valid_start,
            valid_end: concept.valid_end,
            vocabulary: self.vocabularies.number(concept.vocabulary, "vocabulary: there are more than 65,535")?,
            class: self.classes.number(concept.class, "concept class: there are more than 65,535")?,
            domain: self.domains.number(concept.domain, "domain: there are more than 65,535")?,
            name_len,
            code_len: u8::try_from(concept.code.len()).map_err(|_| TooMuch("code of at most 255 bytes"))?,
            flags,
        })
    }

    /// Sorts the concepts by id, so that [`Builder::has`] can be asked.
    pub(crate) fn sort(&mut self) {
        // Stable: a list that is sorted but for its end costs next to nothing.
        self.records.sort_by_key(|record| record.id);
    }

    /// Whether a concept of the first sorted `n` is there.
    pub(crate) fn has(&self, id: u32) -> bool {
        self.place(id).is_some()
    }

    fn place(&self, id: u32) -> Option<u32> {
        let place = self.records.binary_search_by_key(&id, |record| record.id).ok()?;
        u32::try_from(place).ok()
    }

    /// Ids of standard ingredients, ascending once sorted.
    pub(crate) fn ingredients(&self) -> Vec<u32> {
        let Some(&class) = self.classes.numbers.get("Ingredient") else { return Vec::new() };
        let of_class = self.records.iter().filter(|record| record.class == class && record.flags & STANDARD != 0);
        of_class.map(|record| record.id).collect()
    }

    /// Whether a concept is standard.
    pub(crate) fn is_standard(&self, id: u32) -> bool {
        self.place(id).is_some_and(|place| self.records[place as usize].flags & STANDARD != 0)
    }

    /// Writes the store. Links whose ends are not both there are left out. `key` says what the store was made of.
    pub(crate) fn finish(mut self, mut links: Links, key: &str) -> Result<W, BuildError> {
        self.sort();
        if let Some(twice) = self.records.windows(2).find(|pair| pair[0].id == pair[1].id) {
            return Err(BuildError::Twice(twice[0].id));
        }
        let mut lengths = [0_u64; SECTIONS];
        lengths[NAMES] = u64::from(self.names);
        self.out.write_all(&self.codes)?;
        lengths[CODES] = self.codes.len() as u64;
        for record in &self.records {
            self.out.write_all(&record.to_bytes())?;
        }
        lengths[RECORDS] = (self.records.len() * RECORD) as u64;
        let hash = self.hash();
        for slot in &hash {
            self.out.write_all(&slot.to_le_bytes())?;
        }
        lengths[HASH] = (hash.len() * 4) as u64;
        drop(hash);
        for (kind, links) in Kind::ALL.into_iter().zip(&mut links) {
            let (offsets, ends) = self.ends(links);
            *links = Vec::new();
            for offset in &offsets {
                self.out.write_all(&offset.to_le_bytes())?;
            }
            lengths[kind.section()] = (offsets.len() * 4) as u64;
            for end in &ends {
                for number in [end.place, end.numbers.0, end.numbers.1] {
                    self.out.write_all(&number.to_le_bytes())?;
                }
            }
            lengths[kind.section() + 1] = (ends.len() * LINK) as u64;
        }
        for (section, dictionary) in (DICTIONARIES..).zip([&self.vocabularies, &self.classes, &self.domains]) {
            let text = dictionary.texts.join("\n");
            self.out.write_all(text.as_bytes())?;
            lengths[section] = text.len() as u64;
        }
        self.out.write_all(key.as_bytes())?;
        for length in lengths {
            self.out.write_all(&length.to_le_bytes())?;
        }
        self.out.write_all(&(key.len() as u64).to_le_bytes())?;
        self.out.write_all(MAGIC)?;
        Ok(self.out)
    }

    /// Open addressing over (vocabulary, code): a slot is a place + 1, or 0. At most half of the slots are taken.
    ///
    /// Of several concepts with one code the valid one is kept, then the standard one, then the lowest id.
    fn hash(&self) -> Vec<u32> {
        let mut slots = vec![0_u32; (self.records.len() * 2).next_power_of_two().max(2)];
        let mask = slots.len() - 1;
        for (place, record) in (1_u32..).zip(&self.records) {
            let code = self.code(record);
            let mut slot = hash_of(record.vocabulary, code) & mask;
            loop {
                let taken = slots[slot];
                if taken == 0 {
                    slots[slot] = place;
                    break;
                }
                let other = &self.records[taken as usize - 1];
                if other.vocabulary == record.vocabulary && self.code(other) == code {
                    if rank(record) < rank(other) {
                        slots[slot] = place;
                    }
                    break;
                }
                slot = (slot + 1) & mask;
            }
        }
        slots
    }

    fn code(&self, record: &Record) -> &[u8] {
        let at = record.code_at as usize;
        &self.codes[at..at + usize::from(record.code_len)]
    }

    /// Where each concept's links begin, and the links.
    fn ends(&self, links: &mut [Link]) -> (Vec<u32>, Vec<End>) {
        links.sort_unstable();
        let mut offsets = Vec::with_capacity(self.records.len() + 1);
        let mut ends: Vec<End> = Vec::with_capacity(links.len());
        let mut rest = links.iter().peekable();
        let count = |ends: &Vec<End>| u32::try_from(ends.len()).expect("fewer links than rows of a file of 4 GB");
        for record in &self.records {
            offsets.push(count(&ends));
            let first = ends.len();
            while let Some(link) = rest.next_if(|link| link.from <= record.id) {
                if link.from == record.id
                    && let Some(place) = self.place(link.to)
                    && ends[first..].last().is_none_or(|before| before.place != place)
                {
                    ends.push(End { place, numbers: link.numbers });
                }
            }
        }
        offsets.push(count(&ends));
        (offsets, ends)
    }
}

fn rank(record: &Record) -> (bool, bool, u32) {
    (record.flags & (DELETED | UPGRADED) != 0, record.flags & STANDARD == 0, record.id)
}

/// FNV-1a, its high bits stirred into the low ones that choose the slot.
fn hash_of(vocabulary: u16, code: &[u8]) -> usize {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in vocabulary.to_le_bytes().iter().chain(code) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(hash >> 24).unwrap_or(usize::MAX)
}

/// A day as a number: 2099-12-31 is 20991231.
pub(crate) fn number_of(day: NaiveDate) -> u32 {
    day.year().unsigned_abs() * 10_000 + day.month() * 100 + day.day()
}

/// The day of such a number.
pub(crate) fn day_of(number: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(i32::try_from(number / 10_000).ok()?, number / 100 % 100, number % 100)
}

/// The key at the end of a store, if that is one of this format.
pub(crate) fn key_in(tail: &[u8]) -> Option<&str> {
    let tail = tail.strip_suffix(MAGIC)?;
    let (tail, length) = tail.split_at_checked(tail.len().checked_sub(8)?)?;
    let length = usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?;
    let end = tail.len().checked_sub(SECTIONS * 8)?;
    std::str::from_utf8(tail.get(end.checked_sub(length)?..end)?).ok()
}

/// Bytes that [`key_in`] needs for a key of this length.
pub(crate) fn tail_len(key: &str) -> u64 {
    (TAIL + key.len()) as u64
}

/// Concepts and their links, read as they lie.
#[derive(Debug)]
pub(crate) struct Store {
    bytes: Vec<u8>,
    /// First and last byte of each section.
    sections: [(usize, usize); SECTIONS],
    vocabularies: Vec<String>,
    numbers: BTreeMap<String, u16>,
    classes: Vec<String>,
    domains: Vec<(String, Domain)>,
}

impl Store {
    /// Opens a store; `None` when the bytes are not one of this format.
    pub(crate) fn open(bytes: Vec<u8>) -> Option<Self> {
        let key_len = key_in(&bytes)?.len();
        let table = bytes.len() - TAIL;
        let mut sections = [(0, 0); SECTIONS];
        let mut at = 0_usize;
        for (section, length) in sections.iter_mut().zip(bytes[table..].chunks_exact(8)) {
            let length = usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?;
            *section = (at, at.checked_add(length)?);
            at = section.1;
        }
        if at.checked_add(key_len)? != table {
            return None;
        }
        let texts = |section: usize| -> Option<Vec<String>> {
            let (from, to) = sections[section];
            Some(std::str::from_utf8(bytes.get(from..to)?).ok()?.split('\n').map(str::to_owned).collect())
        };
        let (vocabularies, classes) = (texts(DICTIONARIES)?, texts(DICTIONARIES + 1)?);
        let domains = texts(DICTIONARIES + 2)?;
        let domains = domains.into_iter().map(|id| (Domain::from_id(&id).unwrap_or(Domain::Other), id));
        let domains = domains.map(|(domain, id)| (id, domain)).collect();
        let numbers = (0..).zip(&vocabularies).map(|(number, id)| (id.clone(), number)).collect();
        Some(Self { bytes, sections, vocabularies, numbers, classes, domains })
    }

    fn section(&self, section: usize) -> &[u8] {
        let (from, to) = self.sections[section];
        &self.bytes[from..to]
    }

    /// How many concepts there are.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.section(RECORDS).len() / RECORD).unwrap_or(u32::MAX)
    }

    /// The concept at a place.
    pub(crate) fn concept(&self, place: u32) -> Option<Concept<'_>> {
        let record = Record::read(self.section(RECORDS), place)?;
        let (domain_id, domain) = self.domains.get(usize::from(record.domain))?;
        Some(Concept {
            concept_id: ConceptId::try_from(i32::try_from(record.id).ok()?).ok()?,
            label: text(self.section(NAMES), record.name_at, record.name_len)?,
            domain: *domain,
            domain_id,
            vocabulary: self.vocabularies.get(usize::from(record.vocabulary))?,
            class: self.classes.get(usize::from(record.class))?,
            standard: record.flags & STANDARD != 0,
            classification: record.flags & CLASSIFICATION != 0,
            code: text(self.section(CODES), record.code_at, u16::from(record.code_len))?,
            valid_start: day_of(record.valid_start)?,
            valid_end: day_of(record.valid_end)?,
            invalid_reason: match record.flags & (DELETED | UPGRADED) {
                0 => None,
                UPGRADED => Some("U"),
                _ => Some("D"),
            },
        })
    }

    /// The place of a concept.
    pub(crate) fn place(&self, id: ConceptId) -> Option<u32> {
        let records = self.section(RECORDS);
        let id = id.get().unsigned_abs();
        let (mut from, mut to) = (0, self.len());
        while from < to {
            let middle = from + (to - from) / 2;
            let at = middle as usize * RECORD;
            let its = u32::from_le_bytes(records.get(at..at + 4)?.try_into().ok()?);
            match its.cmp(&id) {
                std::cmp::Ordering::Less => from = middle + 1,
                std::cmp::Ordering::Greater => to = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }

    /// The place of a code of a vocabulary.
    pub(crate) fn find(&self, vocabulary: &str, code: &str) -> Option<u32> {
        let vocabulary = *self.numbers.get(vocabulary)?;
        let (slots, records, codes) = (self.section(HASH), self.section(RECORDS), self.section(CODES));
        let mask = (slots.len() / 4).checked_sub(1)?;
        let mut slot = hash_of(vocabulary, code.as_bytes()) & mask;
        for _ in 0..=mask {
            let place = number(slots, slot)?.checked_sub(1)?;
            let record = Record::read(records, place)?;
            let at = record.code_at as usize;
            let its = codes.get(at..at + usize::from(record.code_len))?;
            if record.vocabulary == vocabulary && its == code.as_bytes() {
                return Some(place);
            }
            slot = (slot + 1) & mask;
        }
        None
    }

    /// What the concept at a place is linked to, ascending.
    pub(crate) fn links(&self, kind: Kind, place: u32) -> impl Iterator<Item = End> + '_ {
        let offsets = self.section(kind.section());
        let at = place as usize;
        let range = number(offsets, at).zip(number(offsets, at + 1)).unwrap_or_default();
        let links = self.section(kind.section() + 1);
        let links = links.get(range.0 as usize * LINK..range.1 as usize * LINK).unwrap_or_default();
        links
            .chunks_exact(LINK)
            .filter_map(|link| Some(End { place: number(link, 0)?, numbers: (number(link, 1)?, number(link, 2)?) }))
    }
}

/// The number at an index of an array of numbers.
fn number(bytes: &[u8], index: usize) -> Option<u32> {
    let at = index.checked_mul(4)?;
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn text(arena: &[u8], at: u32, length: u16) -> Option<&str> {
    let at = at as usize;
    std::str::from_utf8(arena.get(at..at.checked_add(usize::from(length))?)?).ok()
}
