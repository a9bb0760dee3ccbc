//! Plain text of a narrative.

/// Elements that stand on lines of their own.
const BLOCKS: [&str; 14] = ["br", "div", "p", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6"];

/// The text of an XHTML fragment: without tags and comments, a line for each block, runs of white space as one space, and
/// the five entities of XML, numeric ones and `&nbsp;` decoded.
pub(crate) fn plain_text(xhtml: &str) -> String {
    let mut text = String::new();
    let mut rest = xhtml;
    while let Some(start) = rest.find('<') {
        push_words(&mut text, &rest[..start]);
        rest = &rest[start..];
        let end = if rest.starts_with("<!--") {
            rest.find("-->").map(|end| end + 3)
        } else {
            rest.find('>').map(|end| end + 1)
        };
        let Some(end) = end else { return text.trim_end().to_owned() };
        let name = rest[1..end].trim_start_matches('/');
        let name = name.split(|sign: char| !sign.is_ascii_alphanumeric()).next().unwrap_or_default();
        if BLOCKS.contains(&name) {
            end_line(&mut text);
        } else if matches!(name, "td" | "th") {
            push_words(&mut text, " ");
        }
        rest = &rest[end..];
    }
    push_words(&mut text, rest);
    text.trim_end().to_owned()
}

/// Ends the line, when there is one.
fn end_line(text: &mut String) {
    text.truncate(text.trim_end().len());
    if !text.is_empty() {
        text.push('\n');
    }
}

/// Appends words with single spaces between them.
fn push_words(text: &mut String, words: &str) {
    let decoded = decode(words);
    for (place, word) in decoded.split([' ', '\t', '\r', '\n']).enumerate() {
        // A space stands where the source has one or more, but not where a line begins.
        if place > 0 && !text.is_empty() && !text.ends_with([' ', '\n']) {
            text.push(' ');
        }
        text.push_str(word);
    }
}

/// Text with its entities as the signs they stand for; what is no entity stays as it is.
fn decode(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        decoded.push_str(&rest[..start]);
        rest = &rest[start..];
        let sign = rest.find(';').and_then(|end| Some((sign(&rest[1..end])?, end)));
        let end = if let Some((sign, end)) = sign {
            decoded.push(sign);
            end + 1
        } else {
            decoded.push('&');
            1
        };
        rest = &rest[end..];
    }
    decoded + rest
}

fn sign(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let number = entity.strip_prefix('#')?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(number.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::plain_text;

    #[test]
    fn blocks_are_lines_and_entities_are_signs() {
        for (xhtml, text) in [
            ("<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>", "x"),
            ("<div><p>One  two\n three</p><p>Four<br/>five</p></div>", "One two three\nFour\nfive"),
            (
                "<div>BP &lt; 120 &amp; HR &#62; 60&nbsp;/min, caf&#xe9; &c; R&D</div>",
                "BP < 120 & HR > 60 /min, café &c; R&D",
            ),
            ("<div>a <b>bold</b> word<!-- <p>not this</p> --></div>", "a bold word"),
            ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
            ("<div></div>", ""),
            ("cut <b", "cut"),
        ] {
            assert_eq!(plain_text(xhtml), text, "{xhtml}");
        }
    }
}
