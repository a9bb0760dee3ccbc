//! Words of a path.

use crate::error::Fault;

/// A word and where it begins, as a byte offset.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub(crate) at: usize,
    pub(crate) word: Word,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Word {
    /// A name, also a delimited one.
    Name(String),
    /// `'text'`, without quotes and escapes.
    Text(String),
    /// A number as written.
    Number(String),
    /// `@2010-10-10` and the like, without the `@`.
    Date(String),
    /// `%name`.
    Variable(String),
    /// `$this`.
    Special(String),
    /// An operator or bracket.
    Symbol(&'static str),
    End,
}

/// Longer symbols first.
const SYMBOLS: &[&str] =
    &["!=", "!~", "<=", ">=", "=", "~", "<", ">", "(", ")", "[", "]", "{", "}", ".", ",", "+", "-", "*", "/", "&", "|"];

/// Splits a path into words, the last of which is [`Word::End`].
pub(crate) fn words(path: &str) -> Result<Vec<Token>, Fault> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = path[at..].chars().next() {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (word, length) = word(path, at, first)?;
        tokens.push(Token { at, word });
        at += length;
    }
    tokens.push(Token { at: path.len(), word: Word::End });
    Ok(tokens)
}

fn word(path: &str, at: usize, first: char) -> Result<(Word, usize), Fault> {
    let rest = &path[at..];
    match first {
        '\'' => quoted(rest, at, '\'').map(|(text, length)| (Word::Text(text), length)),
        '`' => quoted(rest, at, '`').map(|(name, length)| (Word::Name(name), length)),
        '%' => match rest[1..].chars().next() {
            Some(quote @ ('\'' | '`')) => {
                quoted(&rest[1..], at + 1, quote).map(|(name, length)| (Word::Variable(name), length + 1))
            }
            _ => {
                name_after(rest, at, "a constant's name").map(|name| (Word::Variable(name.to_owned()), name.len() + 1))
            }
        },
        '$' => name_after(rest, at, "`this`").map(|name| (Word::Special(name.to_owned()), name.len() + 1)),
        '@' => {
            let length = rest[1..]
                .find(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | ':' | 'T' | 'Z' | '.' | '+')))
                .unwrap_or(rest.len() - 1);
            // `@2019.lowBoundary()`: a point that no digit follows belongs to the path.
            let text = rest[1..=length].trim_end_matches('.');
            if text.is_empty() {
                return Err(Fault::new(at, "`@` begins a date or time, e.g. `@2019-03-04`"));
            }
            Ok((Word::Date(text.strip_prefix('T').unwrap_or(text).to_owned()), text.len() + 1))
        }
        '0'..='9' => {
            let whole = rest.bytes().take_while(u8::is_ascii_digit).count();
            let fraction = match rest[whole..].strip_prefix('.') {
                Some(after) => after.bytes().take_while(u8::is_ascii_digit).count(),
                None => 0,
            };
            let length = if fraction == 0 { whole } else { whole + 1 + fraction };
            Ok((Word::Number(rest[..length].to_owned()), length))
        }
        _ if first.is_alphabetic() || first == '_' => {
            let name = name(rest);
            Ok((Word::Name(name.to_owned()), name.len()))
        }
        _ => SYMBOLS
            .iter()
            .find(|symbol| rest.starts_with(**symbol))
            .map(|symbol| (Word::Symbol(symbol), symbol.len()))
            .ok_or_else(|| Fault::new(at, format!("`{first}` has no meaning in FHIRPath"))),
    }
}

fn name(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    &text[..end]
}

fn name_after<'t>(rest: &'t str, at: usize, what: &str) -> Result<&'t str, Fault> {
    let name = name(&rest[1..]);
    if name.is_empty() {
        return Err(Fault::new(at, format!("`{}` is followed by {what}", &rest[..1])));
    }
    Ok(name)
}

fn quoted(rest: &str, at: usize, quote: char) -> Result<(String, usize), Fault> {
    let mut text = String::new();
    let mut letters = rest.char_indices().skip(1);
    while let Some((index, letter)) = letters.next() {
        match letter {
            _ if letter == quote => return Ok((text, index + 1)),
            '\\' => {
                let Some((_, escaped)) = letters.next() else { break };
                text.push(match escaped {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'f' => '\u{c}',
                    '\'' | '"' | '`' | '\\' | '/' => escaped,
                    'u' => {
                        let digits: String = letters.by_ref().take(4).map(|(_, digit)| digit).collect();
                        u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).ok_or_else(|| {
                            Fault::new(
                                at + index,
                                format!("`\\u{digits}` is no character; four hex digits follow `\\u`"),
                            )
                        })?
                    }
                    _ => return Err(Fault::new(at + index, format!("`\\{escaped}` is no escape"))),
                });
            }
            _ => text.push(letter),
        }
    }
    Err(Fault::new(at, format!("the closing `{quote}` is missing")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_know_where_they_begin() {
        let tokens = words(r"name[1] != %`a b`.'it\'s é'").unwrap();
        let seen: Vec<_> = tokens.iter().map(|token| token.at).collect();
        assert_eq!(seen, [0, 4, 5, 6, 8, 11, 17, 18, 28]);
        assert_eq!(tokens[7].word, Word::Text("it's é".into()));
        assert_eq!(tokens[5].word, Word::Variable("a b".into()));
    }

    #[test]
    fn dates_end_before_a_function() {
        let tokens = words("@2019-03-04T10:00:00.5Z.lowBoundary() @T12:00").unwrap();
        assert_eq!(tokens[0].word, Word::Date("2019-03-04T10:00:00.5Z".into()));
        assert_eq!(tokens[1].word, Word::Symbol("."));
        assert_eq!(tokens[5].word, Word::Date("12:00".into()));
    }

    #[test]
    fn what_is_no_word_is_refused_where_it_stands() {
        assert_eq!(words("a 'b").unwrap_err().at, 2);
        assert_eq!(words("a # b").unwrap_err().at, 2);
        assert_eq!(words("@@").unwrap_err().at, 0);
    }
}
