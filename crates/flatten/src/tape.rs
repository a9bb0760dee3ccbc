//! Reads the JSON text of a resource, once, into a flat list of the elements that some path needs.
//!
//! What no path needs is checked and passed over. Text and numbers stay where they are in the source, so numbers keep the
//! digits they were written with and nothing is copied but text with escapes.

use crate::needed::{Needed, ROOT, Shape};

/// Deeper nesting than any resource has; FHIR's own parsers stop earlier.
const MAX_DEPTH: u32 = 200;

/// Why a text is not the JSON of a resource.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct BadJson {
    /// Byte offset in the text.
    pub(crate) at: usize,
    pub(crate) reason: &'static str,
}

/// A value of the tape. Values of an object or array follow it, up to `next`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    /// Where it begins in the text, or in `escaped`.
    start: u32,
    end: u32,
    /// The value after this one and all in it.
    next: u32,
    /// Of an object: where its members stand in `members`, its shape first, then a node for each key of the shape.
    members: u32,
    kind: NodeKind,
}

/// No node: the root is no member of anything.
const ABSENT: u32 = 0;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NodeKind {
    Null,
    False,
    True,
    Number,
    /// Text without an escape, in the source.
    Text,
    /// Text that had escapes, apart.
    Escaped,
    Object,
    Array,
}

/// What a parse fills; used again for the next resource.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    nodes: Vec<Node>,
    members: Vec<u32>,
    escaped: String,
}

/// A resource that was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tape<'a> {
    text: &'a str,
    nodes: &'a [Node],
    members: &'a [u32],
    escaped: &'a str,
    needed: &'a Needed,
}

impl Buffers {
    /// Reads the object in `text` as far as `needed` says.
    pub(crate) fn parse<'a>(&'a mut self, text: &'a str, needed: &'a Needed) -> Result<Tape<'a>, BadJson> {
        self.nodes.clear();
        self.members.clear();
        self.escaped.clear();
        if u32::try_from(text.len()).is_err() {
            return Err(BadJson { at: 0, reason: "the resource is longer than 4 GiB" });
        }
        let mut parser = Parser {
            bytes: text.as_bytes(),
            text,
            at: 0,
            depth: 0,
            nodes: &mut self.nodes,
            members: &mut self.members,
            escaped: &mut self.escaped,
        };
        parser.space();
        parser.value(needed, Some(ROOT))?;
        parser.space();
        if parser.at < text.len() {
            return Err(parser.bad("something follows the resource"));
        }
        Ok(Tape { text, nodes: &self.nodes, members: &self.members, escaped: &self.escaped, needed })
    }
}

impl<'a> Tape<'a> {
    /// The resource itself.
    pub(crate) fn root(&'a self) -> NodeRef<'a> {
        NodeRef { tape: self, index: 0 }
    }
}

/// A value of a resource.
#[derive(Clone, Copy)]
pub(crate) struct NodeRef<'a> {
    tape: &'a Tape<'a>,
    index: u32,
}

impl std::fmt::Debug for NodeRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.raw())
    }
}

impl<'a> NodeRef<'a> {
    #[inline]
    fn node(self) -> &'a Node {
        &self.tape.nodes[self.index as usize]
    }

    pub(crate) fn kind(self) -> NodeKind {
        self.node().kind
    }

    pub(crate) fn is_object(self) -> bool {
        self.node().kind == NodeKind::Object
    }

    /// Both are the same place of the same resource.
    pub(crate) fn is_same(self, other: Self) -> bool {
        self.index == other.index
    }

    /// The value's JSON text; text with escapes comes without its quotes.
    pub(crate) fn raw(self) -> &'a str {
        let node = self.node();
        let text = if node.kind == NodeKind::Escaped { self.tape.escaped } else { self.tape.text };
        text.get(node.start as usize..node.end as usize).unwrap_or_default()
    }

    pub(crate) fn text(self) -> Option<&'a str> {
        matches!(self.node().kind, NodeKind::Text | NodeKind::Escaped).then(|| self.raw())
    }

    /// The digits of a number as they were written.
    pub(crate) fn number(self) -> Option<&'a str> {
        (self.node().kind == NodeKind::Number).then(|| self.raw())
    }

    pub(crate) fn boolean(self) -> Option<bool> {
        match self.node().kind {
            NodeKind::True => Some(true),
            NodeKind::False => Some(false),
            _ => None,
        }
    }

    /// The value under a key; an array as such, a null too.
    #[inline]
    pub(crate) fn get(self, key: u16) -> Option<NodeRef<'a>> {
        let node = self.node();
        if node.kind != NodeKind::Object {
            return None;
        }
        let members = self.tape.members.get(node.members as usize..)?;
        let place = self.tape.needed.place(*members.first()?, key)?;
        let index = *members.get(place)?;
        (index != ABSENT).then_some(NodeRef { tape: self.tape, index })
    }

    /// The elements of an array, or the value itself; without nulls.
    #[inline]
    pub(crate) fn each(self) -> Each<'a> {
        let node = self.node();
        let (next, end) = match node.kind {
            NodeKind::Array => (self.index + 1, node.next),
            _ => (self.index, self.index + 1),
        };
        Each { tape: self.tape, next, end }
    }
}

/// See [`NodeRef::each`].
#[derive(Clone, Debug)]
pub(crate) struct Each<'a> {
    tape: &'a Tape<'a>,
    next: u32,
    end: u32,
}

impl<'a> Iterator for Each<'a> {
    type Item = NodeRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<NodeRef<'a>> {
        while self.next < self.end {
            let index = self.next;
            let node = &self.tape.nodes[index as usize];
            self.next = node.next;
            if node.kind != NodeKind::Null {
                return Some(NodeRef { tape: self.tape, index });
            }
        }
        None
    }
}

struct Parser<'p> {
    bytes: &'p [u8],
    text: &'p str,
    at: usize,
    depth: u32,
    nodes: &'p mut Vec<Node>,
    members: &'p mut Vec<u32>,
    escaped: &'p mut String,
}

/// Where a text was found, without its quotes.
#[derive(Clone, Copy)]
struct Span {
    start: usize,
    end: usize,
    escaped: bool,
}

type Read<T> = Result<T, BadJson>;

/// Offsets fit, since the length of the text does.
#[expect(clippy::cast_possible_truncation, reason = "the text is shorter than 4 GiB, and so is its tape")]
fn short(offset: usize) -> u32 {
    offset as u32
}

impl Parser<'_> {
    #[cold]
    fn bad(&self, reason: &'static str) -> BadJson {
        if self.at >= self.bytes.len() {
            return BadJson { at: self.bytes.len(), reason: "the text ends too early" };
        }
        BadJson { at: self.at, reason }
    }

    #[inline]
    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    #[inline]
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    #[inline]
    fn push(&mut self, kind: NodeKind, start: usize) -> usize {
        let index = self.nodes.len();
        let members = short(self.members.len());
        self.nodes.push(Node { start: short(start), end: short(self.at), next: short(index + 1), members, kind });
        index
    }

    /// Reads a value; without a shape it is only checked.
    fn value(&mut self, needed: &Needed, shape: Option<Shape>) -> Read<()> {
        let start = self.at;
        match self.peek() {
            b'"' => {
                let span = self.string()?;
                if shape.is_some() {
                    self.push_text(span)?;
                }
            }
            b'{' => {
                let index = if shape.is_some() { self.push(NodeKind::Object, start) } else { 0 };
                self.enter()?;
                match shape {
                    Some(shape) => self.object(needed, shape)?,
                    None => self.skip_object(needed)?,
                }
                if shape.is_some() {
                    self.close(index);
                }
            }
            b'[' => {
                let index = if shape.is_some() { self.push(NodeKind::Array, start) } else { 0 };
                self.enter()?;
                self.array(needed, shape)?;
                if shape.is_some() {
                    self.close(index);
                }
            }
            b'-' | b'0'..=b'9' => {
                self.number()?;
                if shape.is_some() {
                    self.push(NodeKind::Number, start);
                }
            }
            b't' => self.word("true", NodeKind::True, shape)?,
            b'f' => self.word("false", NodeKind::False, shape)?,
            b'n' => self.word("null", NodeKind::Null, shape)?,
            _ => return Err(self.bad("a value was expected")),
        }
        Ok(())
    }

    fn enter(&mut self) -> Read<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.bad("the resource nests deeper than 200 levels"));
        }
        self.at += 1;
        Ok(())
    }

    fn close(&mut self, index: usize) {
        let next = short(self.nodes.len());
        let node = &mut self.nodes[index];
        node.next = next;
        node.end = short(self.at);
    }

    fn word(&mut self, word: &'static str, kind: NodeKind, shape: Option<Shape>) -> Read<()> {
        let start = self.at;
        if !self.bytes[start..].starts_with(word.as_bytes()) {
            return Err(self.bad("a value was expected"));
        }
        self.at += word.len();
        if shape.is_some() {
            self.push(kind, start);
        }
        Ok(())
    }

    fn array(&mut self, needed: &Needed, shape: Option<Shape>) -> Read<()> {
        self.space();
        if self.peek() == b']' {
            self.at += 1;
            self.depth -= 1;
            return Ok(());
        }
        loop {
            self.space();
            self.value(needed, shape)?;
            self.space();
            match self.peek() {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    self.depth -= 1;
                    return Ok(());
                }
                _ => return Err(self.bad("`,` or `]` was expected")),
            }
        }
    }

    /// Reads what is in an object, after its `{`.
    fn object(&mut self, needed: &Needed, shape: Shape) -> Read<()> {
        let keys = needed.keys(shape);
        let members = self.members.len();
        self.members.push(shape);
        // Nothing below is needed, but that it is there.
        if keys.is_empty() {
            return self.skip_object(needed);
        }
        self.members.resize(members + 1 + keys.len(), ABSENT);
        let mut first = true;
        // Resources of one source have their keys in one order: the next is looked for behind the last.
        let mut guess = 0;
        while self.next_key(&mut first)? {
            let at = self.at;
            let span = self.string()?;
            let found = if span.escaped {
                let name = self.unescaped(span)?;
                keys.find(name.as_bytes(), 0)
            } else {
                keys.find(&self.bytes[span.start..span.end], guess)
            };
            self.colon()?;
            let Some(index) = found else {
                self.value(needed, None)?;
                continue;
            };
            guess = index + 1;
            let node = short(self.nodes.len());
            let member = &mut self.members[members + 1 + index];
            if *member != ABSENT {
                return Err(BadJson { at, reason: "an element stands there twice" });
            }
            *member = node;
            self.value(needed, Some(keys.below(index)))?;
        }
        Ok(())
    }

    fn skip_object(&mut self, needed: &Needed) -> Read<()> {
        let mut first = true;
        while self.next_key(&mut first)? {
            self.string()?;
            self.colon()?;
            self.value(needed, None)?;
        }
        Ok(())
    }

    /// Moves to the next key of an object; past its end when there is none.
    #[inline]
    fn next_key(&mut self, first: &mut bool) -> Read<bool> {
        self.space();
        match self.peek() {
            b'}' => {
                self.at += 1;
                self.depth -= 1;
                return Ok(false);
            }
            b',' if !*first => {
                self.at += 1;
                self.space();
            }
            _ if *first => {}
            _ => return Err(self.bad("`,` or `}` was expected")),
        }
        *first = false;
        if self.peek() == b'"' { Ok(true) } else { Err(self.bad("a key was expected")) }
    }

    #[inline]
    fn colon(&mut self) -> Read<()> {
        self.space();
        if self.peek() != b':' {
            return Err(self.bad("`:` was expected"));
        }
        self.at += 1;
        self.space();
        Ok(())
    }

    fn number(&mut self) -> Read<()> {
        if self.peek() == b'-' {
            self.at += 1;
        }
        let whole = self.at;
        let n = self.digits();
        if n == 0 || (n > 1 && self.bytes[whole] == b'0') {
            self.at = whole;
            return Err(self.bad("a number is not written like this"));
        }
        if self.peek() == b'.' {
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.bad("a number is not written like this"));
            }
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(self.bad("a number is not written like this"));
            }
        }
        Ok(())
    }

    #[inline]
    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        self.at - start
    }

    /// Reads a text from its opening to behind its closing quote.
    #[inline]
    fn string(&mut self) -> Read<Span> {
        let start = self.at + 1;
        let mut at = start;
        let mut escaped = false;
        loop {
            at = plain_end(self.bytes, at);
            match self.bytes.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok(Span { start, end: at, escaped });
                }
                Some(b'\\') => {
                    escaped = true;
                    at += 1;
                    match self.bytes.get(at) {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => at += 1,
                        Some(b'u')
                            if self
                                .bytes
                                .get(at + 1..at + 5)
                                .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) =>
                        {
                            at += 5;
                        }
                        _ => {
                            self.at = at;
                            return Err(self.bad("no such escape"));
                        }
                    }
                }
                _ => {
                    self.at = at;
                    return Err(self.bad("a text holds no line break or other control character"));
                }
            }
        }
    }

    fn push_text(&mut self, span: Span) -> Read<()> {
        let index = short(self.nodes.len() + 1);
        if !span.escaped {
            let (start, end) = (short(span.start), short(span.end));
            self.nodes.push(Node { start, end, next: index, members: 0, kind: NodeKind::Text });
            return Ok(());
        }
        let text = self.unescaped(span)?;
        let start = self.escaped.len();
        self.escaped.push_str(&text);
        // Without its escapes a text is never longer, so the sum of all fits.
        let (start, end) = (short(start), short(self.escaped.len()));
        self.nodes.push(Node { start, end, next: index, members: 0, kind: NodeKind::Escaped });
        Ok(())
    }

    /// A text whose escapes are known to be well formed.
    fn unescaped(&self, span: Span) -> Read<String> {
        let source = &self.text[span.start..span.end];
        let mut text = String::with_capacity(source.len());
        let mut rest = source;
        while let Some(at) = rest.find('\\') {
            text.push_str(&rest[..at]);
            let letter = rest.as_bytes()[at + 1];
            rest = &rest[at + 2..];
            text.push(match letter {
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                b'u' => {
                    let unit = |rest: &str| u32::from_str_radix(rest.get(..4)?, 16).ok();
                    let high = unit(rest).unwrap_or(0);
                    rest = &rest[4..];
                    let code = if (0xd800..0xdc00).contains(&high) {
                        let low = rest.strip_prefix("\\u").and_then(unit).filter(|low| (0xdc00..0xe000).contains(low));
                        low.map(|low| {
                            rest = &rest[6..];
                            0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)
                        })
                    } else {
                        Some(high)
                    };
                    match code.and_then(char::from_u32) {
                        Some(letter) => letter,
                        None => {
                            return Err(BadJson { at: span.start, reason: "half a surrogate pair is no character" });
                        }
                    }
                }
                other => char::from(other),
            });
        }
        text.push_str(rest);
        Ok(text)
    }
}

/// Where plain text ends that begins at `at`: at a quote, a backslash, a control character, or the end.
#[inline]
fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let n = n_plain(block);
        at += n;
        if n < block.len() {
            return at;
        }
    }
    while bytes.get(at).is_some_and(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f)) {
        at += 1;
    }
    at
}

/// How many bytes of the block are plain text, from its start on.
#[inline]
fn n_plain(block: &[u8; 16]) -> usize {
    // Without a branch in it, so that the compiler compares all bytes at once.
    let mut special = [0; 16];
    for (special, byte) in special.iter_mut().zip(block) {
        *special = u8::from((*byte == b'"') | (*byte == b'\\') | (*byte < 0x20));
    }
    (u128::from_le_bytes(special).trailing_zeros() / 8) as usize
}
