//! Finds the elements of one array of a JSON document without holding the document.

use std::io::{self, BufRead};

/// Goes through `{…, "entry": [{…}, {…}], …}` element by element. It looks at quotes and brackets only; who takes the
/// elements checks them.
#[derive(Debug)]
pub(crate) struct Scanner {
    key: &'static str,
    state: State,
    /// Open brackets, up to the byte that is looked at.
    depth: u32,
    in_text: bool,
    escaped: bool,
    /// The last text at depth one, as far as it may be the key.
    name: Vec<u8>,
    /// Where the scanner is, and where the last element began.
    at: Place,
    element: Place,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    line: u64,
    byte: u64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Before the array, or behind it.
    Outside,
    /// Between the elements of the array.
    Between,
    Element,
    Ended,
}

/// What was found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Next {
    /// An object of the array, whose text was appended.
    Element,
    End,
    Bad(&'static str),
}

impl Scanner {
    pub(crate) fn new(key: &'static str) -> Self {
        let start = Place { line: 1, byte: 0 };
        Self {
            key,
            state: State::Outside,
            depth: 0,
            in_text: false,
            escaped: false,
            name: Vec::new(),
            at: start,
            element: start,
        }
    }

    /// Line (from 1) and byte (from 0) at which the last element began.
    pub(crate) fn place(&self) -> (u64, u64) {
        (self.element.line, self.element.byte)
    }

    /// Appends the next element to `text`.
    pub(crate) fn next(&mut self, input: &mut impl BufRead, text: &mut Vec<u8>) -> io::Result<Next> {
        if self.state == State::Ended {
            return Ok(Next::End);
        }
        loop {
            let buffer = input.fill_buf()?;
            if buffer.is_empty() {
                self.state = State::Ended;
                self.element = self.at;
                let whole = self.depth == 0 && !self.in_text;
                return Ok(if whole { Next::End } else { Next::Bad("the text ends too early") });
            }
            let mut start = if self.state == State::Element { Some(0) } else { None };
            let mut found = None;
            let mut n_read = buffer.len();
            for (index, byte) in buffer.iter().enumerate() {
                let was = self.state;
                if self.state == State::Between && *byte == b'{' {
                    self.element = self.at;
                    start = Some(index);
                }
                let step = self.step(*byte);
                self.at.byte += 1;
                self.at.line += u64::from(*byte == b'\n');
                if let Err(reason) = step {
                    self.state = State::Ended;
                    found = Some(Next::Bad(reason));
                } else if was == State::Element && self.state == State::Between {
                    found = Some(Next::Element);
                }
                if found.is_some() {
                    n_read = index + 1;
                    break;
                }
            }
            if let Some(start) = start {
                text.extend_from_slice(&buffer[start..n_read]);
            }
            input.consume(n_read);
            if let Some(found) = found {
                return Ok(found);
            }
        }
    }

    fn step(&mut self, byte: u8) -> Result<(), &'static str> {
        if self.in_text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_text = false,
                _ if self.depth == 1 && self.name.len() <= self.key.len() => self.name.push(byte),
                _ => {}
            }
            return Ok(());
        }
        match byte {
            b'"' => {
                self.in_text = true;
                self.name.clear();
            }
            b'{' | b'[' => {
                match self.state {
                    State::Outside if self.depth == 1 && byte == b'[' && self.name == self.key.as_bytes() => {
                        self.state = State::Between;
                    }
                    State::Between if byte == b'{' => self.state = State::Element,
                    State::Between => return Err("an entry is an object"),
                    _ => {}
                }
                self.depth += 1;
            }
            b'}' | b']' => {
                self.depth = self.depth.checked_sub(1).ok_or("a bracket is closed that was not opened")?;
                match self.state {
                    State::Element if self.depth == 2 => self.state = State::Between,
                    State::Between => self.state = State::Outside,
                    _ => {}
                }
            }
            _ => {}
        }
        Ok(())
    }
}
