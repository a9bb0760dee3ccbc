//! The form that most paths have: elements one below the other, perhaps filtered by a text, perhaps only the first.
//!
//! `code.coding.where(system = 'x').first().code` needs no general evaluation: it is a search over places of the resource.

use crate::code::{Action, Code, Op, ReferenceKeys, Typed};
use crate::path::Binary;
use crate::tape::NodeRef;

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
    ReferenceKey(Option<String>, ReferenceKeys),
}

#[derive(Clone, Debug)]
enum Link {
    Member(u16),
    /// The first key under which something stands.
    Choice(Vec<u16>),
    /// Only those whose element under the key is this one text.
    Is(u16, String),
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
            _ => (code, End::Value),
        };
        let mut chain = Self { firsts: Vec::new(), last: Vec::new(), end, data_type: None };
        chain.read(code)?;
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
                let Op::Binary(Binary::Equal, left, right) = &criteria.op else { return None };
                let (
                    Op::Step(focus, Action::Member((key, Some("string" | "code" | "uri" | "url" | "id")))),
                    Op::Text(text, "string"),
                ) = (&left.op, &right.op)
                else {
                    return None;
                };
                // What may be a date is compared as one.
                if !matches!(focus.op, Op::Focus) || text.starts_with(|c: char| c.is_ascii_digit()) {
                    return None;
                }
                self.last.push(Link::Is(*key, text.clone()));
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
        search(&self.last, from, false, &mut places)?;
        Some(places)
    }
}

fn same_type(keys: &[Typed]) -> bool {
    keys.iter().all(|(_, data_type)| *data_type == keys[0].1)
}

/// Looks from `node` on; ends with the first place when only that is wanted.
fn search<'a>(links: &[Link], node: NodeRef<'a>, only_first: bool, places: &mut Places<'a>) -> Option<()> {
    let Some((link, rest)) = links.split_first() else {
        places.first = places.first.or(Some(node));
        places.count += 1;
        return Some(());
    };
    let below = match link {
        Link::Member(key) => node.get(*key),
        Link::Choice(keys) => keys.iter().find_map(|key| node.get(*key)),
        Link::Is(key, wanted) => {
            return match node.get(*key) {
                None => Some(()),
                Some(found) => match found.text() {
                    Some(text) if text == wanted => search(rest, node, only_first, places),
                    Some(_) => Some(()),
                    // A list, or something else than text.
                    None => None,
                },
            };
        }
    };
    if let Some(below) = below {
        for one in below.each() {
            search(rest, one, only_first, places)?;
            if only_first && places.count > 0 {
                break;
            }
        }
    }
    Some(())
}
