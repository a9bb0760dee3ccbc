//! Rules that each table, or each column, has: made from the CDM's facts about them.

use twinlake_omop::{FieldSpec, Table};

use super::{Family, Over, Rule};
use crate::finding::Severity;
use crate::layout::Layout;

/// Where the mapping that both sides obey comes from.
const MAPPING: &str = "HL7 FHIR to OMOP, as in docs/harmonization.md";

/// Where the CDM's own rules come from.
const CDM: &str = "OMOP CDM v5.4";

/// Whether a table is checked: it has persons' rows, or rows that FHIR gives. The others (the vocabulary, `cdm_source` and
/// their like) have no FHIR counterpart by nature.
pub fn is_checked(table: Table) -> bool {
    table.spec().person_column.is_some()
        || matches!(table, Table::Location | Table::CareSite | Table::Provider | Table::Cost | Table::EpisodeEvent)
}

/// The rules of all tables.
pub(super) fn rules() -> Vec<Rule> {
    let mut rules = Vec::new();
    for table in Table::ALL.into_iter().filter(|table| is_checked(*table)) {
        let of = Of { table };
        rules.extend(table.spec().fields.iter().map(|field| of.column(field)));
        rules.extend(of.presence());
        rules.extend(of.days());
        rules.extend(of.own());
    }
    rules
}

/// Makes the rules of one table.
struct Of {
    table: Table,
}

impl Of {
    fn rule(&self, what: &str, family: Family, over: Over, says: String, standard: &str, query: String) -> Rule {
        Rule {
            id: format!("{}.{what}", self.table).into(),
            family,
            severity: Severity::Error,
            says: says.into(),
            standard: standard.to_owned().into(),
            query: query.into(),
            over,
        }
    }

    /// Both sides say the same in a column.
    fn column(&self, field: &FieldSpec) -> Rule {
        let (table, name) = (self.table, field.name);
        let says = match name {
            "person_id" => "Both sides say the same in `person_id`, and that person is there.".to_owned(),
            _ => format!("Both sides say the same in `{name}`."),
        };
        let query = format!(
            "Open the row of `{table}` with the finding's key and the resource that the finding names; compare `{name}` with what the resource says."
        );
        self.rule(name, Family::Agreement, Over::Rows(table), says, MAPPING, query)
    }

    /// The table is there, its rows are on both sides, and each once.
    fn presence(&self) -> Vec<Rule> {
        let table = self.table;
        let mut rules = vec![
            self.rule(
                "missing",
                Family::Agreement,
                Over::Given(table),
                format!("OMOP has a table `{table}` when FHIR gives rows for it."),
                &format!("{MAPPING}; {CDM}; DataQualityDashboard (cdmTable)"),
                format!("Look for a file or folder `{table}` on the OMOP side; it is not there, or has no row."),
            ),
            self.rule(
                "missing_in_omop",
                Family::Agreement,
                Over::Given(table),
                format!("Each row that FHIR gives for `{table}` is in OMOP."),
                MAPPING,
                format!("Take the resource that the finding names; the row of `{table}` with the finding's key is not there."),
            ),
            self.rule(
                "missing_in_fhir",
                Family::Agreement,
                Over::Rows(table),
                format!("Each row of `{table}` is from something that FHIR has."),
                MAPPING,
                format!("Open the row of `{table}` with the finding's key; no resource of the person gives it."),
            ),
        ];
        if table.spec().key_column.is_some() {
            rules.push(self.rule(
                "duplicate",
                Family::Omop,
                Over::Rows(table),
                format!("No two rows of `{table}` have one key."),
                &format!("{CDM}; DataQualityDashboard (isPrimaryKey)"),
                format!("Select the rows of `{table}` with the finding's key; there are several."),
            ));
        }
        rules
    }

    /// Days that can be.
    fn days(&self) -> Vec<Rule> {
        let table = self.table;
        let fields = table.spec().fields;
        let layout = Layout::of(table);
        let name = |place: Option<usize>| place.map(|place| fields[place].name);
        let mut rules = Vec::new();
        if let (Some(start), Some(end)) = (name(layout.start), name(layout.end)) {
            rules.push(self.rule(
                "end_before_start",
                Family::Omop,
                Over::Rows(table),
                "No row ends before it starts, by day or by time.".to_owned(),
                "DataQualityDashboard (plausibleStartBeforeEnd, plausibleTemporalAfter)",
                format!("Select the rows of `{table}` where `{end} < {start}`."),
            ));
        }
        rules
    }

    /// What only this table has.
    fn own(&self) -> Vec<Rule> {
        let table = self.table;
        match table {
            Table::ConditionEra | Table::DrugEra | Table::DoseEra | Table::ObservationPeriod => {
                let mut rules = vec![self.rule(
                    "recomputed",
                    Family::Omop,
                    Over::Persons,
                    format!("The rows of `{table}` are those that follow from the person's own events."),
                    match table {
                        Table::ConditionEra => "DataQualityDashboard (measureConditionEraCompleteness); OMOP CDM v5.4",
                        _ => "OMOP CDM v5.4 (conventions of eras and observation periods)",
                    },
                    format!("Select the person's rows of `{table}` and the events that they are made of; work the spans out again."),
                )];
                if table == Table::ObservationPeriod {
                    rules.push(self.rule(
                        "overlap",
                        Family::Omop,
                        Over::Rows(table),
                        "A person's observation periods do not overlap, and a day is between two of them.".to_owned(),
                        "DataQualityDashboard (measureObservationPeriodOverlap)",
                        "Select the person's rows of `observation_period` in order of their start.".to_owned(),
                    ));
                }
                rules
            }
            Table::VisitDetail => vec![self.rule(
                "outside_visit",
                Family::Omop,
                Over::Rows(table),
                "A stay in a ward lies within its visit.".to_owned(),
                "DataQualityDashboard (withinVisitDates)",
                "Join `visit_detail` with `visit_occurrence`; compare the times of start and end.".to_owned(),
            )],
            _ => Vec::new(),
        }
    }
}
