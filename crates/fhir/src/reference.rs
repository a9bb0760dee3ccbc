//! What the text of a reference says.

/// Type and id of a literal reference; none for any other kind.
pub(crate) fn type_and_id(reference: &str) -> Option<(&str, &str)> {
    let literal = reference.split_once("/_history/").map_or(reference, |(literal, _)| literal);
    let (rest, id) = literal.rsplit_once('/')?;
    let resource_type = rest.rsplit('/').next().unwrap_or(rest);
    (is_type(resource_type) && is_id(id)).then_some((resource_type, id))
}

fn is_type(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase()) && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.' || byte == b'_')
}
