//! `episode_event`: which events an episode is made of. Its rows have no key and name no person, so they are compared as
//! sets, some episodes at a time ([`CostCheck::episode_events`]).

use std::collections::{BTreeMap, BTreeSet};

use twinlake_omop::{DynRow, Table};

use crate::context::Context;
use crate::cost::CostCheck;
use crate::finding::Finding;
use crate::omop;

/// Episode, event, and the field that the event's key is of.
type Link = [Option<i64>; 3];

impl CostCheck {
    /// The findings on all rows of `episode_event` of some episodes: what OMOP has, and what FHIR gives.
    ///
    /// Of an episode of which the two sides do not agree on an event nothing is said: what a visit's orders led to follows from the
    /// visit.
    pub fn episode_events(&self, context: &Context<'_>, rendered: &[DynRow], expected: &[DynRow]) -> Vec<Finding> {
        let table = Table::EpisodeEvent;
        let mut findings = Vec::new();
        for row in rendered {
            findings.extend(omop::check_shared(context, row, &[]));
        }
        let (ours, theirs) = (links(rendered), links(expected));
        let in_doubt: BTreeSet<Option<i64>> =
            ours.keys().chain(theirs.keys()).filter(|link| self.is_in_doubt(**link)).map(|link| link[0]).collect();
        for (link, count) in &ours {
            let [episode, event, _] = link.map(say);
            let says = Some(format!("event {event}"));
            if *count > 1 {
                let message = format!("{table}.repeated: {count} rows say that event {event} is of episode {episode}");
                let finding = Finding::on(table, "repeated", message).saying(None, says.clone());
                findings.push(finding.of_row(None, link[0]));
            }
            if !theirs.contains_key(link) && !in_doubt.contains(&link[0]) {
                let message =
                    format!("{table}.missing_in_fhir: nothing in FHIR says that event {event} is of episode {episode}");
                let finding = Finding::on(table, "missing_in_fhir", message).saying(None, says);
                findings.push(finding.of_row(None, link[0]));
            }
        }
        for link in theirs.into_keys().filter(|link| !ours.contains_key(link) && !in_doubt.contains(&link[0])) {
            let [episode, event, _] = link.map(say);
            let message =
                format!("{table}.missing_in_omop: FHIR says that event {event} is of episode {episode}, OMOP does not");
            let finding = Finding::on(table, "missing_in_omop", message).saying(Some(format!("event {event}")), None);
            findings.push(finding.of_row(None, link[0]));
        }
        findings
    }

    fn is_in_doubt(&self, [episode, event, _]: Link) -> bool {
        [episode, event].into_iter().flatten().any(|key| self.doubts_key(key))
    }
}

fn links(rows: &[DynRow]) -> BTreeMap<Link, u64> {
    let columns = ["episode_id", "event_id", "episode_event_field_concept_id"];
    let mut links = BTreeMap::new();
    for row in rows {
        *links.entry(columns.map(|column| row.cell(column).as_int())).or_default() += 1;
    }
    links
}

fn say(key: Option<i64>) -> String {
    key.map_or_else(|| "null".to_owned(), |key| key.to_string())
}
