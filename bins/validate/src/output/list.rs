//! The rules themselves, as tables of Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use twinlake_crosscheck::{Family, Rule, RuleFilter, rules};
use twinlake_omop::Table;

const HEAD: &str =
    "| rule | severity | what it says | standard | how to find what breaks it |\n| --- | --- | --- | --- | --- |\n";

/// What the rules of all columns say.
const COLUMN: &str = "Both sides say the same in the column; it has a value where one is required, of the field's type and \
                      length; what it refers to is there.";
const COLUMN_STANDARD: &str =
    "HL7 FHIR to OMOP, as in docs/harmonization.md; OMOP CDM v5.4 (cdmDatatype, isRequired, isForeignKey)";

/// The rules that a filter has, a table of Markdown a family; all rules when there is no filter, and then those that many
/// tables or columns have are one line.
pub(crate) fn as_markdown(filter: Option<&RuleFilter>) -> String {
    let mut families: BTreeMap<Family, Vec<&Rule>> = BTreeMap::new();
    for rule in rules().iter().filter(|rule| filter.is_none_or(|filter| filter.has(&rule.id))) {
        families.entry(rule.family).or_default().push(rule);
    }
    let mut text = String::new();
    for (family, rules) in families {
        let _ = writeln!(text, "### {}: {} rules\n", family.as_str(), rules.len());
        text.push_str(HEAD);
        let mut groups: BTreeMap<String, Vec<&Rule>> = BTreeMap::new();
        for rule in rules {
            let name = if filter.is_some() { rule.id.to_string() } else { pattern(rule) };
            groups.entry(name).or_default().push(rule);
        }
        for (name, rules) in groups {
            text.push_str(&line(&name, &rules));
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// The rule's id without table and column: `{table}.before_birth`.
fn pattern(rule: &Rule) -> String {
    match rule.id.split_once('.').and_then(|(table, what)| Some((Table::from_name(table)?, what))) {
        Some((table, what)) if table.spec().column(what).is_some() => "{table}.{column}".to_owned(),
        Some((_, what)) => format!("{{table}}.{what}"),
        None => rule.id.to_string(),
    }
}

fn line(name: &str, rules: &[&Rule]) -> String {
    let Some(first) = rules.first() else { return String::new() };
    let table = first.id.split_once('.').map_or("", |(table, _)| table);
    let is_column = name.contains("{column}");
    let (name, says, standard, query) = if let [only] = rules {
        (format!("`{}`", only.id), only.says.to_string(), &*only.standard, only.query.to_string())
    } else {
        let says = if is_column { COLUMN.to_owned() } else { first.says.replace(&format!("`{table}`"), "`{table}`") };
        let standard = if is_column { COLUMN_STANDARD } else { &first.standard };
        (format!("`{name}` ({})", rules.len()), says, standard, format!("For `{}`: {}", first.id, first.query))
    };
    let [says, standard, query] = [&says, standard, &query].map(|text: &str| text.replace('|', "\\|"));
    format!("| {name} | {} | {says} | {standard} | {query} |\n", first.severity.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_in_the_list() {
        let text = as_markdown(None);
        let counted: usize = text
            .lines()
            .filter(|line| line.starts_with("| `"))
            .map(|line| {
                let name = line.trim_start_matches("| ").split(" |").next().unwrap();
                name.rsplit_once(" (").map_or(1, |(_, n)| n.trim_end_matches(')').parse().unwrap())
            })
            .sum();
        assert_eq!(counted, rules().len());
        let one = as_markdown(Some(&RuleFilter::new(["person.identity"])));
        assert_eq!(one.lines().filter(|line| line.starts_with("| `")).count(), 1, "{one}");
    }
}
