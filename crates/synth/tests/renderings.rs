//! Whole renderings: three patients to read, and what holds of every one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use twinlake_fhir::{ObservationValue, Resource};
use twinlake_omop::{AnyRow, Cell};
use twinlake_pack::Pack;
use twinlake_synth::render::{self, Context};
use twinlake_synth::simulate::Model;
use twinlake_vocab::Vocab;

/// A short life that ended, and two young adults with little but check-ups.
const THREE: [u64; 3] = [14, 31, 35];

fn context() -> Context<'static> {
    let pack = Pack::embedded();
    Context::new(pack, Vocab::embedded(), 42, pack.reference_date)
}

/// A row as text, without its nulls.
fn as_text(row: &AnyRow) -> String {
    let mut text = row.table().name().to_owned();
    for (column, field) in row.table().spec().fields.iter().enumerate() {
        match row.cell(column) {
            Cell::Null => {}
            cell => write!(text, " {}={cell}", field.name).unwrap(),
        }
    }
    text
}

#[test]
fn three_patients() {
    let context = context();
    let model = Model::new(context.pack);
    let (mut fhir, mut omop) = (String::new(), String::new());
    for number in THREE {
        let timeline = model.draw(context.seed, number, context.as_of);
        render::fhir(&context, &timeline, &mut |resource| {
            fhir.push_str(&resource.to_json());
            fhir.push('\n');
        });
        for row in render::omop(&context, &timeline) {
            omop.push_str(&as_text(&row));
            omop.push('\n');
        }
    }
    // EXPECTORATE=overwrite updates the files; then read the difference.
    expectorate::assert_contents("../../fixtures/golden/three-patients.ndjson", &fhir);
    expectorate::assert_contents("../../fixtures/golden/three-patients.omop.txt", &omop);
}

/// Adds every `reference` of a JSON value.
fn references(value: &serde_json::Value, found: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(members) => {
            if let Some(reference) = members.get("reference").and_then(serde_json::Value::as_str) {
                found.insert(reference.to_owned());
            }
            members.values().for_each(|member| references(member, found));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn ids_are_unique_references_resolve_and_json_reads_back() {
    let context = context();
    let model = Model::new(context.pack);
    let (mut ids, mut found) = (BTreeSet::new(), BTreeSet::new());
    let mut read = |resource: Resource<'_>| {
        let text = resource.to_json();
        assert_eq!(Resource::from_json(&text).unwrap(), resource);
        let id = format!("{}/{}", resource.resource_type(), resource.id().unwrap());
        assert!(ids.insert(id.clone()), "{id} twice");
        references(&serde_json::from_str(&text).unwrap(), &mut found);
    };
    render::fhir_reference(&context, &mut read);
    for number in 1..=200 {
        render::fhir(&context, &model.draw(context.seed, number, context.as_of), &mut read);
    }
    let dangling: Vec<_> = found.difference(&ids).collect();
    assert!(dangling.is_empty(), "{} dangling, e.g. {:?}", dangling.len(), dangling.first());
    assert!(found.len() > 1000);
}

/// A chart with what it refers to of the reference set, as a reader of one patient needs it.
#[test]
fn a_chart_has_a_hundred_resources_of_twenty_five_types_on_average() {
    const PATIENTS: u64 = 300;
    let context = context();
    let model = Model::new(context.pack);
    let (mut n_resources, mut n_types) = (0, 0);
    for number in 1..=PATIENTS {
        let (mut types, mut found) = (BTreeSet::new(), BTreeSet::new());
        render::fhir(&context, &model.draw(context.seed, number, context.as_of), &mut |resource| {
            n_resources += 1;
            types.insert(resource.resource_type().to_owned());
            references(&serde_json::from_str(&resource.to_json()).unwrap(), &mut found);
        });
        let named = found.iter().filter_map(|reference| reference.split_once('/'));
        types.extend(named.map(|(resource_type, _)| resource_type.to_owned()));
        n_types += u64::try_from(types.len()).unwrap();
    }
    assert!(n_resources >= 100 * PATIENTS, "{n_resources} resources");
    assert!(n_types >= 25 * PATIENTS, "{n_types} types");
}

#[test]
fn a_body_mass_index_names_the_weight_and_height_it_is_made_of() {
    let context = context();
    let model = Model::new(context.pack);
    let mut n_found = 0;
    for number in 1..=40 {
        let mut numbers = BTreeMap::new();
        let mut indices = Vec::new();
        render::fhir(&context, &model.draw(context.seed, number, context.as_of), &mut |resource| {
            let Resource::Observation(observation) = resource else { return };
            if let Some(ObservationValue::Quantity(quantity)) = &observation.value {
                let value = quantity.value.as_ref().unwrap().to_f64();
                numbers.insert(format!("Observation/{}", observation.id.as_deref().unwrap()), value);
                let references = observation.derived_from.iter();
                let from: Vec<_> = references.map(|from| from.reference.as_deref().unwrap().to_owned()).collect();
                if quantity.unit.as_deref() == Some("kg/m2") {
                    indices.push((value, from));
                }
            }
        });
        for (index, from) in indices {
            let [weight, height] = &from[..] else { panic!("patient {number}: {from:?}") };
            let (weight, metres) = (numbers[weight], numbers[height] / 100.0);
            assert!(
                (weight / (metres * metres) - index).abs() < 0.1,
                "patient {number}: {index} of {weight} and {metres}"
            );
            n_found += 1;
        }
    }
    assert!(n_found > 100, "{n_found}");
}

#[test]
fn keys_of_rows_are_unique_and_point_to_rows() {
    let context = context();
    let model = Model::new(context.pack);
    let mut rows = render::omop_reference(&context);
    for number in 1..=200 {
        rows.extend(render::omop(&context, &model.draw(context.seed, number, context.as_of)));
    }
    let mut keys = BTreeSet::new();
    for row in &rows {
        if let Some(key) = row.key() {
            assert!(keys.insert((row.table().name(), key)), "{} {key} twice", row.table().name());
        }
    }
    for row in &rows {
        for (column, field) in row.table().spec().fields.iter().enumerate() {
            let (Cell::Int(key), Some(table)) = (row.cell(column), field.fk_table) else { continue };
            // Concepts are the vocabulary's; its tests look after them.
            if table != "concept" {
                assert!(keys.contains(&(table, key)), "{} {key} of {}", field.name, as_text(row));
            }
        }
    }
}

#[test]
fn text_fits_its_column_and_no_name_is_in_omop() {
    let context = context();
    let model = Model::new(context.pack);
    for number in 1..=100 {
        let timeline = model.draw(context.seed, number, context.as_of);
        let who = &timeline.demographics;
        for row in render::omop(&context, &timeline) {
            for (column, field) in row.table().spec().fields.iter().enumerate() {
                let Cell::Text(text) = row.cell(column) else { continue };
                let length = text.chars().count();
                assert!(field.max_length.is_none_or(|most| length <= most as usize), "{} `{text}`", field.name);
                assert!(!text.contains(&who.family_name) && !text.contains(&who.street), "{} `{text}`", field.name);
            }
        }
    }
}
