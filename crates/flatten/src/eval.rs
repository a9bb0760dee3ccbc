//! Evaluates an expression on an element of a resource.

use std::borrow::Cow;
use std::cmp::Ordering;

use sonic_rs::{JsonContainerTrait as _, JsonValueTrait, Value};

use crate::element;
use crate::error::Fault;
use crate::item::{Item, Items};
use crate::json;
use crate::number::Number;
use crate::path::{Binary, Expr, Kind, OfType, Step};
use crate::temporal::Temporal;

/// What a path can see besides the element it starts from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) resource: &'a Value,
    pub(crate) row_index: i64,
}

type Result<T> = std::result::Result<T, Fault>;

/// What the expression gives, starting from `focus`.
pub(crate) fn evaluate<'a>(expr: &Expr, scope: &Scope<'a>, focus: &Item<'a>) -> Result<Items<'a>> {
    Ok(match &expr.kind {
        Kind::Focus => focus.clone().into(),
        Kind::Resource => Item::Node(scope.resource, None).into(),
        Kind::RowIndex => Item::Integer(scope.row_index).into(),
        Kind::Nothing => Items::None,
        Kind::Boolean(value) => Item::Boolean(*value).into(),
        Kind::Integer(value) => Item::Integer(*value).into(),
        Kind::Decimal(text) => match Number::parse(text) {
            Some(number) => Item::Number(number).into(),
            None => return Err(Fault::new(expr.at, format!("`{text}` has too many digits"))),
        },
        Kind::Text(text, data_type) => Item::Text(Cow::Owned(text.clone()), data_type).into(),
        Kind::Step(input, what) => return step(expr.at, input, what, scope, focus),
        Kind::Binary(operator, left, right) => {
            let left = evaluate(left, scope, focus)?;
            return binary(expr.at, *operator, &left, right, scope, focus);
        }
        Kind::Negate(operand) => {
            let operand = evaluate(operand, scope, focus)?;
            match single(expr.at, &operand)? {
                None => Items::None,
                Some(Item::Integer(value)) => Item::Integer(-value).into(),
                Some(item) => Item::Number(number(expr.at, item)?.negate()).into(),
            }
        }
    })
}

fn step<'a>(at: usize, input: &Expr, step: &Step, scope: &Scope<'a>, focus: &Item<'a>) -> Result<Items<'a>> {
    // The extensions of a primitive `x` stand beside it, under `_x`.
    if let (Step::Extension(url), Kind::Step(parent, Step::Member(name))) = (step, &input.kind) {
        return primitive_extensions(parent, name, url, scope, focus);
    }
    let items = evaluate(input, scope, focus)?;
    let mut out = Items::None;
    match step {
        Step::Member(name) => {
            for item in items.as_slice() {
                if let Some(node) = item.node() {
                    member(node, name, &mut out);
                }
            }
        }
        Step::Choice { name, keys } => {
            for item in items.as_slice() {
                if let Some(node) = item.node() {
                    choice(node, name, keys, &mut out);
                }
            }
        }
        Step::OfType(of_type) => {
            for item in items.as_slice() {
                if is_of_type(item, of_type) {
                    out.push(item.clone());
                }
            }
        }
        Step::Index(index) => {
            let index = evaluate(index, scope, focus)?;
            match single(at, &index)? {
                None => {}
                Some(item) => match item.integer() {
                    Some(index) => return Ok(usize::try_from(index).map_or(Items::None, |index| items.take(index))),
                    None => return Err(Fault::new(at, format!("an index is an integer, not `{}`", item.shown()))),
                },
            }
        }
        Step::Where(criteria) => {
            for item in items.as_slice() {
                if truth(criteria.at, &evaluate(criteria, scope, item)?)? == Some(true) {
                    out.push(item.clone());
                }
            }
        }
        Step::Exists(None) => return Ok(Item::Boolean(!items.is_empty()).into()),
        Step::Exists(Some(criteria)) => {
            for item in items.as_slice() {
                if truth(criteria.at, &evaluate(criteria, scope, item)?)? == Some(true) {
                    return Ok(Item::Boolean(true).into());
                }
            }
            return Ok(Item::Boolean(false).into());
        }
        Step::IsEmpty => return Ok(Item::Boolean(items.is_empty()).into()),
        Step::Not => return Ok(truth(at, &items)?.map(|value| Item::Boolean(!value)).into()),
        Step::First => return Ok(items.take(0)),
        Step::Extension(url) => {
            for item in items.as_slice() {
                if let Some(node) = item.node() {
                    extensions(node, url, &mut out);
                }
            }
        }
        Step::Join(separator) => {
            let mut joined = String::new();
            for (index, item) in items.as_slice().iter().enumerate() {
                let Some(text) = item.text() else {
                    return Err(Fault::new(at, format!("join() is for text, not `{}`", item.shown())));
                };
                if index > 0 {
                    joined.push_str(separator);
                }
                joined.push_str(text);
            }
            if !items.is_empty() {
                out.push(Item::Text(Cow::Owned(joined), "string"));
            }
        }
        Step::ResourceKey => {
            for item in items.as_slice() {
                if let Some(id) = item.node().and_then(|node| node.get("id")).filter(JsonValueTrait::is_str) {
                    out.push(Item::Node(id, Some("id")));
                }
            }
        }
        Step::ReferenceKey(resource) => {
            for item in items.as_slice() {
                if let Some(key) = item.node().and_then(|node| reference_key(node, resource.as_deref())) {
                    out.push(Item::Text(Cow::Borrowed(key), "id"));
                }
            }
        }
        Step::Boundary { high } => {
            let assumed = static_type(input);
            for item in items.as_slice() {
                if let Some(boundary) = boundary(at, item, assumed, *high)? {
                    out.push(boundary);
                }
            }
        }
    }
    Ok(out)
}

fn push_each<'a>(value: &'a Value, data_type: Option<&'static str>, out: &mut Items<'a>) {
    if let Some(array) = value.as_array() {
        for value in array.as_slice() {
            if !value.is_null() {
                out.push(Item::Node(value, data_type));
            }
        }
    } else if !value.is_null() {
        out.push(Item::Node(value, data_type));
    }
}

fn member<'a>(node: &'a Value, name: &str, out: &mut Items<'a>) {
    if let Some(value) = node.get(name) {
        push_each(value, None, out);
    } else if element::is_choice(name)
        && let Some(object) = node.as_object()
    {
        for (key, value) in object {
            if let Some(data_type) = element::choice_type(key, name) {
                push_each(value, Some(data_type), out);
            }
        }
    }
}

fn choice<'a>(node: &'a Value, name: &str, keys: &[(String, &'static str)], out: &mut Items<'a>) {
    for (key, data_type) in keys {
        if let Some(value) = node.get(key.as_str()) {
            push_each(value, Some(data_type), out);
            return;
        }
    }
    if let (Some(value), Some((_, data_type))) = (node.get(name), keys.first()) {
        let mut plain = Items::None;
        push_each(value, None, &mut plain);
        for item in plain.as_slice() {
            if is_of_type(item, &OfType::Data(data_type)) {
                out.push(item.clone());
            }
        }
    }
}

/// Where the type is not known, the JSON form decides as far as it can.
fn is_of_type(item: &Item<'_>, of_type: &OfType) -> bool {
    match of_type {
        OfType::Resource(resource) => item
            .node()
            .and_then(|node| node.get("resourceType"))
            .is_some_and(|resource_type| resource_type.as_str() == Some(resource)),
        OfType::Data(wanted) => match (item.data_type(), item) {
            (Some(known), _) => element::subtypes(wanted).contains(&known),
            (None, Item::Node(value, _)) => match *wanted {
                "boolean" => value.is_boolean(),
                "integer" | "positiveInt" | "unsignedInt" | "integer64" => item.integer().is_some(),
                "decimal" => value.is_number(),
                "date" | "dateTime" | "instant" | "time" => item.text().and_then(Temporal::parse).is_some(),
                _ if wanted.starts_with(|c: char| c.is_ascii_lowercase()) => value.is_str(),
                _ => value.is_object(),
            },
            (None, _) => false,
        },
    }
}

fn extensions<'a>(node: &'a Value, url: &str, out: &mut Items<'a>) {
    let Some(list) = node.get("extension") else { return };
    for extension in json::each(list) {
        if extension.get("url").and_then(|value| value.as_str()) == Some(url) {
            out.push(Item::Node(extension, Some("Extension")));
        }
    }
}

fn primitive_extensions<'a>(
    parent: &Expr,
    name: &str,
    url: &str,
    scope: &Scope<'a>,
    focus: &Item<'a>,
) -> Result<Items<'a>> {
    let mut out = Items::None;
    let beside = format!("_{name}");
    for item in evaluate(parent, scope, focus)?.as_slice() {
        let Some(node) = item.node() else { continue };
        let mut children = Items::None;
        member(node, name, &mut children);
        for child in children.as_slice().iter().filter_map(Item::node) {
            extensions(child, url, &mut out);
        }
        if let Some(siblings) = node.get(beside.as_str()) {
            for sibling in json::each(siblings) {
                extensions(sibling, url, &mut out);
            }
        }
    }
    Ok(out)
}

/// The id that a Reference names. `urn:uuid:` does not tell the type; then the reference's own `type` must.
fn reference_key<'a>(node: &'a Value, wanted: Option<&str>) -> Option<&'a str> {
    let reference = node.get("reference")?.as_str()?;
    if let Some(uuid) = reference.strip_prefix("urn:uuid:") {
        let declared = node.get("type").and_then(|value| value.as_str());
        return (wanted.is_none() || declared == wanted).then_some(uuid);
    }
    let (resource_type, id) = json::split_reference(reference)?;
    wanted.is_none_or(|wanted| wanted == resource_type).then_some(id)
}

fn boundary<'a>(at: usize, item: &Item<'a>, assumed: Option<&'static str>, high: bool) -> Result<Option<Item<'a>>> {
    let too_long = || Fault::new(at, format!("`{}` has too many digits", item.shown()));
    if let Some(period) = item.node().filter(JsonValueTrait::is_object) {
        // Of a Period, its start or its end.
        let Some(end) = period.get(if high { "end" } else { "start" }) else { return Ok(None) };
        return boundary(at, &Item::Node(end, Some("dateTime")), None, high);
    }
    if let Some(number) = item.number() {
        return number.boundary(high).map(|number| Some(Item::Number(number))).ok_or_else(too_long);
    }
    let data_type = item.data_type().or(assumed);
    let Some(temporal) = item.text().and_then(Temporal::parse) else {
        return Err(Fault::new(at, format!("`{}` is no decimal, date or time, so it has no boundary", item.shown())));
    };
    let text = temporal.boundary(high, data_type == Some("date"));
    let data_type = if temporal.is_time() { "time" } else { data_type.unwrap_or("dateTime") };
    Ok(text.map(|text| Item::Text(Cow::Owned(text), data_type)))
}

/// The type of what an expression gives, as far as its text tells.
pub(crate) fn static_type(expr: &Expr) -> Option<&'static str> {
    match &expr.kind {
        Kind::RowIndex | Kind::Integer(_) => Some("integer"),
        Kind::Boolean(_) => Some("boolean"),
        Kind::Decimal(_) => Some("decimal"),
        Kind::Text(_, data_type) => Some(data_type),
        Kind::Focus | Kind::Resource | Kind::Nothing => None,
        Kind::Negate(operand) => static_type(operand),
        Kind::Binary(operator, left, right) => match operator {
            Binary::Add if static_type(left) == Some("string") || static_type(right) == Some("string") => {
                Some("string")
            }
            Binary::Add | Binary::Subtract | Binary::Multiply | Binary::Divide => Some("decimal"),
            _ => Some("boolean"),
        },
        Kind::Step(input, step) => match step {
            Step::Member(name) => element::type_of_element(name),
            Step::Choice { keys, .. } => keys.first().map(|(_, data_type)| *data_type),
            Step::OfType(OfType::Data(data_type)) => Some(data_type),
            Step::OfType(OfType::Resource(_)) | Step::Extension(_) => None,
            Step::Index(_) | Step::Where(_) | Step::First | Step::Boundary { .. } => static_type(input),
            Step::Exists(_) | Step::IsEmpty | Step::Not => Some("boolean"),
            Step::Join(_) => Some("string"),
            Step::ResourceKey | Step::ReferenceKey(_) => Some("id"),
        },
    }
}

/// The only item, or none; several are a fault.
fn single<'i, 'a>(at: usize, items: &'i Items<'a>) -> Result<Option<&'i Item<'a>>> {
    match items.as_slice() {
        [] => Ok(None),
        [item] => Ok(Some(item)),
        several => Err(Fault::new(at, format!("expected at most one value, found {}", several.len()))),
    }
}

/// A collection as a condition: none is unknown, a single value that is no boolean is true.
fn truth(at: usize, items: &Items<'_>) -> Result<Option<bool>> {
    Ok(single(at, items)?.map(|item| item.boolean().unwrap_or(true)))
}

fn binary<'a>(
    at: usize,
    operator: Binary,
    left: &Items<'a>,
    right: &Expr,
    scope: &Scope<'a>,
    focus: &Item<'a>,
) -> Result<Items<'a>> {
    let value = match operator {
        Binary::And | Binary::Or => {
            let decided = operator == Binary::Or;
            let left = truth(at, left)?;
            // `false and x`, `true or x`: x need not be looked at.
            if left == Some(decided) {
                return Ok(Item::Boolean(decided).into());
            }
            let right = truth(at, &evaluate(right, scope, focus)?)?;
            match (left, right) {
                (_, Some(right)) if right == decided => Some(decided),
                (Some(_), Some(_)) => Some(!decided),
                _ => None,
            }
        }
        Binary::Equal => equal(left, &evaluate(right, scope, focus)?),
        Binary::NotEqual => equal(left, &evaluate(right, scope, focus)?).map(|equal| !equal),
        Binary::Less | Binary::LessOrEqual | Binary::Greater | Binary::GreaterOrEqual => {
            let right = evaluate(right, scope, focus)?;
            let (Some(left), Some(right)) = (single(at, left)?, single(at, &right)?) else { return Ok(Items::None) };
            compare(at, left, right)?.map(|order| match operator {
                Binary::Less => order == Ordering::Less,
                Binary::LessOrEqual => order != Ordering::Greater,
                Binary::Greater => order == Ordering::Greater,
                _ => order != Ordering::Less,
            })
        }
        Binary::Add | Binary::Subtract | Binary::Multiply | Binary::Divide => {
            let right = evaluate(right, scope, focus)?;
            let (Some(left), Some(right)) = (single(at, left)?, single(at, &right)?) else { return Ok(Items::None) };
            return arithmetic(at, operator, left, right);
        }
    };
    Ok(value.map(Item::Boolean).into())
}

/// Whether two collections are equal item by item; unknown when one is empty or a date's precision leaves it open.
fn equal(left: &Items<'_>, right: &Items<'_>) -> Option<bool> {
    if left.is_empty() || right.is_empty() {
        return None;
    }
    if left.len() != right.len() {
        return Some(false);
    }
    let mut unknown = false;
    for (left, right) in left.as_slice().iter().zip(right.as_slice()) {
        match equal_items(left, right) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => unknown = true,
        }
    }
    (!unknown).then_some(true)
}

fn equal_items(left: &Item<'_>, right: &Item<'_>) -> Option<bool> {
    if let (Some(left), Some(right)) = (left.boolean(), right.boolean()) {
        return Some(left == right);
    }
    if let (Some(a), Some(b)) = (left.text(), right.text()) {
        if a == b {
            return Some(true);
        }
        return match temporals(left, right) {
            Some((a, b)) => a.compare(&b).map(|order| order == Ordering::Equal),
            None => Some(false),
        };
    }
    if let (Some(left), Some(right)) = (left.number(), right.number()) {
        return left.compare(right).map(|order| order == Ordering::Equal);
    }
    match (left.node(), right.node()) {
        (Some(left), Some(right)) => Some(left == right),
        _ => Some(false),
    }
}

/// Both as dates or times: when one is known to be such, or both are written with a date and a time.
fn temporals(left: &Item<'_>, right: &Item<'_>) -> Option<(Temporal, Temporal)> {
    let typed = |item: &Item<'_>| matches!(item.data_type(), Some("date" | "dateTime" | "instant" | "time"));
    let both = (Temporal::parse(left.text()?)?, Temporal::parse(right.text()?)?);
    let written = |item: &Item<'_>| item.text().is_some_and(|text| text.contains('T'));
    (typed(left) || typed(right) || (written(left) && written(right))).then_some(both)
}

fn compare(at: usize, left: &Item<'_>, right: &Item<'_>) -> Result<Option<Ordering>> {
    if let (Some(a), Some(b)) = (left.number(), right.number()) {
        return Ok(a.compare(b));
    }
    if let (Some(a), Some(b)) = (left.text(), right.text()) {
        return Ok(match temporals(left, right) {
            Some((a, b)) => a.compare(&b),
            None => Some(a.cmp(b)),
        });
    }
    Err(Fault::new(at, format!("`{}` and `{}` have no order", left.shown(), right.shown())))
}

fn number(at: usize, item: &Item<'_>) -> Result<Number> {
    item.number().ok_or_else(|| Fault::new(at, format!("`{}` is no number, or has too many digits", item.shown())))
}

fn arithmetic<'a>(at: usize, operator: Binary, left: &Item<'_>, right: &Item<'_>) -> Result<Items<'a>> {
    if let (Binary::Add, Some(a), Some(b)) = (operator, left.text(), right.text()) {
        return Ok(Item::Text(Cow::Owned(format!("{a}{b}")), "string").into());
    }
    let integers = matches!((left, right), (Item::Integer(_), Item::Integer(_)));
    let (a, b) = (number(at, left)?, number(at, right)?);
    let result = match operator {
        Binary::Add => a.add(b),
        Binary::Subtract => a.add(b.negate()),
        Binary::Multiply => a.multiply(b),
        // Division by zero is empty, says FHIRPath.
        _ if b.compare(Number::integer(0)) == Some(Ordering::Equal) => return Ok(Items::None),
        _ => a.divide(b),
    };
    let Some(result) = result else {
        return Err(Fault::new(
            at,
            format!("the result for `{}` and `{}` has too many digits", left.shown(), right.shown()),
        ));
    };
    let whole = if integers && operator != Binary::Divide { result.scaled(0) } else { None };
    Ok(match whole.and_then(|value| i64::try_from(value).ok()) {
        Some(value) => Item::Integer(value).into(),
        None => Item::Number(result).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eval(path: &str, resource: &str) -> String {
        let root = json::parse(resource).unwrap();
        let scope = Scope { resource: &root, row_index: 0 };
        let expr = crate::path::parse(path, &[]).unwrap();
        match evaluate(&expr, &scope, &Item::Node(&root, None)) {
            Ok(items) => items.as_slice().iter().map(Item::shown).collect::<Vec<_>>().join(","),
            Err(fault) => format!("{}: {}", fault.at, fault.reason),
        }
    }

    const PATIENT: &str = r#"{"resourceType": "Patient", "id": "p", "birthDate": "1970-06", "active": true,
        "_birthDate": {"extension": [{"url": "u", "valueString": "x"}]},
        "name": [{"use": "official", "given": ["A", "B"]}, {"given": ["C"]}], "multipleBirthInteger": 2,
        "extension": [{"url": "u", "valueCode": "c"}], "generalPractitioner": [{"reference": "http://s/Practitioner/1/_history/2"}]}"#;

    #[test]
    fn paths_give_what_fhirpath_says() {
        for (path, expected) in [
            ("name.given", "A,B,C"),
            ("name[1].given", "C"),
            ("name.given[1]", "B"),
            ("name.where(use = 'official').given.first()", "A"),
            ("name.where(use != 'official').given", ""),
            ("name.exists(use = 'official')", "true"),
            ("name.given.join('-')", "A-B-C"),
            ("multipleBirth", "2"),
            ("multipleBirth.ofType(integer) + 1", "3"),
            ("multipleBirth.ofType(boolean)", ""),
            ("multipleBirth / 4", "0.5"),
            ("multipleBirth / 0", ""),
            ("-(1 - 2.50)", "1.50"),
            ("birthDate < @1971", "true"),
            ("birthDate = @1970", ""),
            ("birthDate.highBoundary()", "1970-06-30"),
            ("birthDate.extension('u').value", "x"),
            ("extension('u').value.ofType(string)", "c"),
            ("extension('u').value.ofType(code)", "c"),
            ("generalPractitioner.getReferenceKey(Practitioner)", "1"),
            ("generalPractitioner.getReferenceKey(Organization)", ""),
            ("getResourceKey() = %resource.id", "true"),
            ("Patient.name.given.first() + 'x'", "Ax"),
            ("nothing = 1 or active", "true"),
            ("nothing and true", ""),
            ("nothing and false", "false"),
            ("{}.empty()", "true"),
            ("@2019-01-01T10:00:00Z = @2019-01-01T11:00:00+01:00", "true"),
        ] {
            assert_eq!(eval(path, PATIENT), expected, "{path}");
        }
    }

    #[test]
    fn faults_say_where() {
        assert_eq!(eval("name.given = 'A' and name.given > 'A'", PATIENT), "false");
        assert!(
            eval("active and name.given > 'A'", PATIENT).starts_with("22: expected at most one value"),
            "{}",
            eval("active and name.given > 'A'", PATIENT)
        );
        assert!(eval("active + 1", PATIENT).starts_with("7: `true` is no number"));
        assert!(eval("name.lowBoundary()", PATIENT).is_empty());
        assert!(eval("name['a']", PATIENT).starts_with("4: an index"));
    }
}
