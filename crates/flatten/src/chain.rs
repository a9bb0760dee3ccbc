//! The form that most paths have: elements one below the other, perhaps filtered by a text, perhaps only the first.
//!
//! `code.coding.where(system = 'x').first().code` needs no general evaluation: it is a search over places of the resource.

use crate::code::{Action, Code, Op, ReferenceKeys, Typed};
use crate::path::Binary;
use crate::tape::{NodeKind, NodeRef};
use crate::temporal::Temporal;

/// A path that only looks for places.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    /// Parts of which each goes on from the first place that it finds.
    firsts: Vec<Vec<Link>>,
    last: Vec<Link>,
    pub(crate) end: End,
    /// The type of what it finds, where it is known and the same for all.
    pub(crate) data_type: Option<&'static str>,
}

/// What becomes of a place that was found.
#[derive(Clone, Debug)]
pub(crate) enum End {
    Value,
    /// Whether there is any place.
    Exists,
    ReferenceKey(Option<String>, ReferenceKeys),
}

#[derive(Clone, Debug)]
enum Link {
    Member(u16),
    /// The first key under which something stands.
    Choice(Vec<u16>),
    /// Only those whose element under the key is this one text.
    Is(u16, String),
    /// Only those from which a place is found.
    Exists(Vec<Link>),
}

/// What a chain found.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Places<'a> {
    pub(crate) first: Option<NodeRef<'a>>,
    pub(crate) count: usize,
}

impl Chain {
    /// The chain that this code is, if it is one. It starts from the focus.
    pub(crate) fn of(code: &Code) -> Option<Self> {
        let (code, end) = match &code.op {
            Op::Step(input, Action::ReferenceKey(resource, keys)) => {
                (input.as_ref(), End::ReferenceKey(resource.clone(), *keys))
            }
            Op::Step(_, Action::Exists(_)) => (code, End::Exists),
            _ => (code, End::Value),
        };
        let mut chain = Self { firsts: Vec::new(), last: Vec::new(), end, data_type: None };
        match (&chain.end, &code.op) {
            (End::Exists, Op::Step(input, Action::Exists(criteria))) => {
                chain.read(input)?;
                chain.last.extend(criteria.as_deref().map_or_else(|| Some(Vec::new()), tests)?);
                chain.data_type = Some("boolean");
            }
            _ => chain.read(code)?,
        }
        Some(chain)
    }

    fn read(&mut self, code: &Code) -> Option<()> {
        let (input, action) = match &code.op {
            Op::Focus => return Some(()),
            Op::Step(input, action) => (input, action),
            _ => return None,
        };
        self.read(input)?;
        match action {
            Action::Member((key, data_type)) => {
                self.last.push(Link::Member(*key));
                self.data_type = *data_type;
            }
            Action::Choice(keys) if keys.len() == 1 || same_type(keys) => {
                self.last.push(Link::Choice(keys.iter().map(|(key, _)| *key).collect()));
                self.data_type = keys.first()?.1;
            }
            Action::ResourceKey(key) => {
                self.last.push(Link::Member(*key));
                self.data_type = Some("id");
            }
            Action::Where(criteria) => {
                self.last.extend(tests(criteria)?);
            }
            Action::First => {
                let links = std::mem::take(&mut self.last);
                self.firsts.push(links);
            }
            _ => return None,
        }
        Some(())
    }

    /// The first place that the chain leads to from a node, and how many there are. `None` when a general evaluation must
    /// say what is wrong.
    pub(crate) fn places<'a>(&self, focus: NodeRef<'a>) -> Option<Places<'a>> {
        let mut from = focus;
        for links in &self.firsts {
            let mut places = Places::default();
            search(links, from, true, &mut places)?;
            match places.first {
                Some(first) => from = first,
                None => return Some(places),
            }
        }
        let mut places = Places::default();
        search(&self.last, from, matches!(self.end, End::Exists), &mut places)?;
        Some(places)
    }
}

/// Criteria that are a search: a text under a key, something that exists, or several of these at once.
fn tests(criteria: &Code) -> Option<Vec<Link>> {
    match &criteria.op {
        Op::Binary(Binary::And, left, right) => {
            let mut links = tests(left)?;
            links.extend(tests(right)?);
            Some(links)
        }
        Op::Step(_, Action::Exists(_)) => {
            let chain = Chain::of(criteria)?;
            chain.firsts.is_empty().then(|| vec![Link::Exists(chain.last)])
        }
        Op::Binary(Binary::Equal, left, right) => {
            let (
                Op::Step(focus, Action::Member((key, Some("string" | "code" | "uri" | "url" | "id")))),
                Op::Text(text, "string"),
            ) = (&left.op, &right.op)
            else {
                return None;
            };
            // What may be a date is compared as one.
            let is_plain = matches!(focus.op, Op::Focus) && Temporal::parse(text).is_none();
            is_plain.then(|| vec![Link::Is(*key, text.clone())])
        }
        _ => None,
    }
}

fn same_type(keys: &[Typed]) -> bool {
    keys.iter().all(|(_, data_type)| *data_type == keys[0].1)
}

/// Looks from `node` on; ends with the first place when only that is wanted.
fn search<'a>(mut links: &[Link], mut node: NodeRef<'a>, only_first: bool, places: &mut Places<'a>) -> Option<()> {
    while let Some((link, rest)) = links.split_first() {
        links = rest;
        let below = match link {
            Link::Member(key) => node.get(*key),
            Link::Choice(keys) => keys.iter().find_map(|key| node.get(*key)),
            Link::Is(key, wanted) => match node.get(*key) {
                None => return Some(()),
                // A list, or something else than text, is for the general evaluation.
                Some(found) if found.text()? == wanted => continue,
                Some(_) => return Some(()),
            },
            Link::Exists(links) => {
                let mut places = Places::default();
                search(links, node, true, &mut places)?;
                if places.count == 0 {
                    return Some(());
                }
                continue;
            }
        };
        let Some(below) = below else { return Some(()) };
        if below.kind() == NodeKind::Array {
            for one in below.each() {
                search(rest, one, only_first, places)?;
                if only_first && places.count > 0 {
                    break;
                }
            }
            return Some(());
        }
        if below.kind() == NodeKind::Null {
            return Some(());
        }
        node = below;
    }
    places.first = places.first.or(Some(node));
    places.count += 1;
    Some(())
}
