//! A ViewDefinition as it is written.

use sonic_rs::{JsonContainerTrait as _, JsonValueTrait as _, Value};

use crate::element;
use crate::error::ViewError;
use crate::json;
use crate::path::Kind;

/// A view: which resources, which rows, which columns.
///
/// Both spellings are read: SQL on FHIR 2.0 (with the logical model's url as `resourceType`, or none) and 3.0-ballot
/// (`"resourceType": "ViewDefinition"`). Elements that do not change the rows (publisher, contact, …) are ignored.
/// Paths are checked by [`Plan::compile`](crate::Plan::compile).
///
/// Source: [SQL on FHIR](https://sql-on-fhir.org/ig/latest/StructureDefinition-ViewDefinition.html).
///
/// ```
/// # use twinlake_flatten::ViewDefinition;
/// let view = ViewDefinition::parse(
///     r#"{"name": "ids", "resource": "Patient", "select": [{"column": [{"name": "id", "path": "id"}]}]}"#,
/// )?;
/// assert_eq!((view.name(), view.resource()), ("ids", "Patient"));
/// # Ok::<(), twinlake_flatten::ViewError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ViewDefinition {
    pub(crate) name: String,
    pub(crate) url: Option<String>,
    pub(crate) resource: String,
    /// FHIR versions that the view is for; none when it does not say.
    pub(crate) fhir_versions: Vec<String>,
    pub(crate) description: Option<String>,
    pub(crate) constants: Vec<(String, Kind)>,
    pub(crate) select: Vec<Select>,
    pub(crate) filters: Vec<Path>,
}

/// A path and where in the view it stands.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub(crate) text: String,
    pub(crate) place: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Select {
    pub(crate) place: String,
    pub(crate) iterate: Iterate,
    pub(crate) columns: Vec<Column>,
    pub(crate) selects: Vec<Select>,
    pub(crate) union: Vec<Select>,
}

#[derive(Clone, Debug)]
pub(crate) enum Iterate {
    Once,
    ForEach(Path),
    ForEachOrNull(Path),
    Repeat(Vec<Path>),
}

#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) path: Path,
    pub(crate) data_type: Option<&'static str>,
    pub(crate) collection: bool,
    pub(crate) description: Option<String>,
    pub(crate) ansi_type: Option<String>,
}

impl ViewDefinition {
    /// Reads a view.
    ///
    /// # Errors
    ///
    /// [`ViewError`], naming the element that is missing or not as the specification says.
    pub fn parse(text: &str) -> Result<Self, ViewError> {
        let root = json::parse(text).map_err(|error| ViewError::Json(Box::new(error)))?;
        let name = root.get("name").and_then(|name| name.as_str()).unwrap_or_default().to_owned();
        let label = if name.is_empty() {
            root.get("resource").and_then(|resource| resource.as_str()).unwrap_or("without a name").to_owned()
        } else {
            name.clone()
        };
        Reader { view: &label }.view(&root, name)
    }

    /// The view's name, also that of its table; empty when it has none.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The view's canonical url.
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// The type of the resources it looks at.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// What the view is.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Its name, or its resource type when it has none.
    pub(crate) fn label(&self) -> &str {
        if self.name.is_empty() { &self.resource } else { &self.name }
    }
}

struct Reader<'r> {
    view: &'r str,
}

type Read<T> = Result<T, ViewError>;

impl Reader<'_> {
    fn error<T>(&self, place: &str, reason: impl Into<String>) -> Read<T> {
        Err(ViewError::Element { view: self.view.to_owned(), place: place.to_owned(), reason: reason.into() })
    }

    fn view(&self, root: &Value, name: String) -> Read<ViewDefinition> {
        if !root.is_object() {
            return self.error("view", "expected a JSON object");
        }
        if let Some(resource_type) = self.text(root, "", "resourceType")?
            && resource_type.rsplit('/').next() != Some("ViewDefinition")
        {
            return self.error("resourceType", format!("expected `ViewDefinition`, found `{resource_type}`"));
        }
        if !name.is_empty() && !is_sql_name(&name) {
            return self.error("name", format!("`{name}` is no name: a letter, then letters, digits and `_`"));
        }
        let Some(resource) = self.text(root, "", "resource")? else {
            return self.error("resource", "is missing: the resource type that the view looks at, e.g. `Patient`");
        };
        let select = self.selects(root, "", "select")?;
        if select.is_empty() {
            return self.error("select", "is missing: a view has at least one select with columns");
        }
        let mut filters = Vec::new();
        for (place, filter) in self.list(root, "", "where")? {
            filters.push(self.required_path(filter, &place)?);
        }
        Ok(ViewDefinition {
            url: self.text(root, "", "url")?,
            description: self.text(root, "", "description")?,
            fhir_versions: fhir_versions(root),
            constants: self.constants(root)?,
            name,
            resource,
            select,
            filters,
        })
    }

    fn constants(&self, root: &Value) -> Read<Vec<(String, Kind)>> {
        let mut constants: Vec<(String, Kind)> = Vec::new();
        for (place, constant) in self.list(root, "", "constant")? {
            let Some(name) = self.text(constant, &place, "name")? else {
                return self.error(&place, "a constant needs a `name`");
            };
            if !is_sql_name(&name) {
                return self.error(&place, format!("`{name}` is no name: a letter, then letters, digits and `_`"));
            }
            if constants.iter().any(|(known, _)| *known == name) {
                return self.error(&place, format!("constant `{name}` is defined twice"));
            }
            let mut values = Vec::new();
            for (key, value) in constant.as_object().into_iter().flat_map(|object| object.iter()) {
                if let Some(data_type) = element::choice_type(key, "value") {
                    values.push(self.constant(value, data_type, &place)?);
                }
            }
            match values.pop() {
                Some(value) if values.is_empty() => constants.push((name, value)),
                Some(_) => return self.error(&place, format!("constant `{name}` has more than one value")),
                None => return self.error(&place, format!("constant `{name}` needs a value, e.g. `valueString`")),
            }
        }
        Ok(constants)
    }

    fn constant(&self, value: &Value, data_type: &'static str, place: &str) -> Read<Kind> {
        let kind = match data_type {
            "boolean" => value.as_bool().map(Kind::Boolean),
            "integer" | "positiveInt" | "unsignedInt" => {
                value.as_raw_number().and_then(|number| number.as_str().parse().ok()).map(Kind::Integer)
            }
            // R5 writes it as text.
            "integer64" => match value.as_str() {
                Some(text) => text.parse().ok(),
                None => value.as_raw_number().and_then(|number| number.as_str().parse().ok()),
            }
            .map(Kind::Integer64),
            "decimal" => value.as_raw_number().map(|number| Kind::Decimal(number.as_str().to_owned())),
            _ if data_type.starts_with(|c: char| c.is_ascii_uppercase()) => None,
            _ => value.as_str().map(|text| Kind::Text(text.to_owned(), data_type)),
        };
        match kind {
            Some(kind) => Ok(kind),
            None => self.error(place, format!("the value is no {data_type}")),
        }
    }

    fn selects(&self, parent: &Value, place: &str, key: &str) -> Read<Vec<Select>> {
        self.list(parent, place, key)?.into_iter().map(|(place, value)| self.select(value, place)).collect()
    }

    fn select(&self, value: &Value, place: String) -> Read<Select> {
        let mut iterates = Vec::new();
        if let Some(path) = self.path(value, &place, "forEach")? {
            iterates.push(Iterate::ForEach(path));
        }
        if let Some(path) = self.path(value, &place, "forEachOrNull")? {
            iterates.push(Iterate::ForEachOrNull(path));
        }
        if value.get("repeat").is_some() {
            let mut paths = Vec::new();
            for (place, path) in self.list(value, &place, "repeat")? {
                match path.as_str() {
                    Some(text) => paths.push(Path { text: text.to_owned(), place }),
                    None => return self.error(&place, "expected a path"),
                }
            }
            iterates.push(Iterate::Repeat(paths));
        }
        let iterate = iterates.pop().unwrap_or(Iterate::Once);
        if !iterates.is_empty() {
            return self.error(&place, "has more than one of `forEach`, `forEachOrNull` and `repeat`");
        }
        let columns = self
            .list(value, &place, "column")?
            .into_iter()
            .map(|(place, column)| self.column(column, &place))
            .collect::<Read<Vec<_>>>()?;
        let selects = self.selects(value, &place, "select")?;
        let union = self.selects(value, &place, "unionAll")?;
        Ok(Select { place, iterate, columns, selects, union })
    }

    fn column(&self, value: &Value, place: &str) -> Read<Column> {
        let path = self.required_path(value, place)?;
        let name = match self.text(value, place, "name")? {
            Some(name) => name,
            // The column of a plain element may go without a name.
            None if is_sql_name(&path.text) => path.text.clone(),
            None => return self.error(place, "a column needs a `name`"),
        };
        if !is_sql_name(&name) {
            return self.error(place, format!("`{name}` is no name: a letter, then letters, digits and `_`"));
        }
        let data_type = match self.text(value, place, "type")? {
            None => None,
            Some(text) => {
                // 2.0 also allows the type's url.
                let plain = text.rsplit('/').next().unwrap_or(&text);
                match element::data_type(plain) {
                    Some(data_type) => Some(data_type),
                    None => {
                        return self.error(place, format!("`{text}` is no FHIR type, such as `string` or `dateTime`"));
                    }
                }
            }
        };
        if let Some(complex) = data_type.filter(|name| name.starts_with(|c: char| c.is_ascii_uppercase())) {
            return self.error(place, format!("a column holds a primitive, and `{complex}` is none"));
        }
        let collection = match value.get("collection") {
            None => false,
            Some(flag) => match flag.as_bool() {
                Some(flag) => flag,
                None => return self.error(place, "`collection` is `true` or `false`"),
            },
        };
        // The element is `tag`; an example of the guide has `tags`.
        let mut tags = self.list(value, place, "tag")?;
        tags.extend(self.list(value, place, "tags")?);
        let mut ansi_type = None;
        for (place, tag) in tags {
            if self.text(tag, &place, "name")?.as_deref() == Some("ansi/type") {
                ansi_type = self.text(tag, &place, "value")?;
            }
        }
        let description = self.text(value, place, "description")?;
        Ok(Column { name, path, data_type, collection, description, ansi_type })
    }

    fn required_path(&self, value: &Value, place: &str) -> Read<Path> {
        match self.path(value, place, "path")? {
            Some(path) => Ok(path),
            None => self.error(place, "needs a `path`"),
        }
    }

    fn path(&self, value: &Value, place: &str, key: &str) -> Read<Option<Path>> {
        Ok(self.text(value, place, key)?.map(|text| Path { text, place: join(place, key) }))
    }

    fn text(&self, parent: &Value, place: &str, key: &str) -> Read<Option<String>> {
        match parent.get(key) {
            None => Ok(None),
            Some(value) => match value.as_str() {
                Some(text) => Ok(Some(text.to_owned())),
                None => self.error(&join(place, key), "expected text"),
            },
        }
    }

    fn list<'v>(&self, parent: &'v Value, place: &str, key: &str) -> Read<Vec<(String, &'v Value)>> {
        let place = join(place, key);
        match parent.get(key) {
            None => Ok(Vec::new()),
            Some(value) => match value.as_array() {
                Some(array) => Ok(array.iter().enumerate().map(|(i, item)| (format!("{place}[{i}]"), item)).collect()),
                None => self.error(&place, "expected a list"),
            },
        }
    }
}

/// A list of versions; an example of the guide has one alone.
fn fhir_versions(root: &Value) -> Vec<String> {
    let Some(value) = root.get("fhirVersion") else { return Vec::new() };
    let versions = value.as_array().map_or_else(|| std::slice::from_ref(value), |array| array.as_slice());
    versions.iter().filter_map(|version| version.as_str()).map(str::to_owned).collect()
}

fn join(place: &str, key: &str) -> String {
    if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") }
}

/// The specification's names: a letter, then letters, digits and `_`.
fn is_sql_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        ViewDefinition::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn both_spellings_of_the_resource_type_are_read() {
        for resource_type in ["ViewDefinition", "https://sql-on-fhir.org/ig/StructureDefinition/ViewDefinition"] {
            let text = format!(
                r#"{{"resourceType": "{resource_type}", "resource": "Patient", "select": [{{"column": [{{"path": "id"}}]}}]}}"#
            );
            assert_eq!(ViewDefinition::parse(&text).unwrap().select[0].columns[0].name, "id");
        }
        assert!(error(r#"{"resourceType": "Patient"}"#).contains("resourceType"));
    }

    #[test]
    fn errors_say_where() {
        assert!(error("{}").contains("resource: is missing"));
        let view = |select: &str| format!(r#"{{"name": "v", "resource": "Patient", "select": [{select}]}}"#);
        assert!(error(&view(r#"{"forEach": 1}"#)).contains("view `v`: select[0].forEach: expected text"));
        assert!(
            error(&view(r#"{"column": [{"name": "a", "path": "id"}, {"name": "1a", "path": "id"}]}"#))
                .contains("select[0].column[1]")
        );
        assert!(
            error(&view(r#"{"column": [{"name": "a", "path": "id", "type": "strnig"}]}"#))
                .contains("`strnig` is no FHIR type")
        );
        assert!(error(&view(r#"{"forEach": "a", "repeat": ["b"]}"#)).contains("more than one"));
        assert!(
            error(r#"{"resource": "Patient", "constant": [{"name": "c"}], "select": [{}]}"#).contains("constant[0]")
        );
    }
}
