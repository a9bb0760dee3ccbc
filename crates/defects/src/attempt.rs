//! [`Attempt`]: the changes that faults are made of.

use twinlake_omop::DynRow;

use crate::chart::{Chart, Surroundings};
use crate::defect::Defect;
use crate::draws::Draws;
use crate::kind::Kind;
use crate::part::Part;

/// One attempt to put a fault of a kind into a chart.
///
/// Its methods change one part of the chart, drawn from those that satisfy a condition, and say what they did; none when
/// the chart has nothing for them, and then it may be half changed.
pub(crate) struct Attempt<'a> {
    pub(crate) kind: &'static Kind,
    pub(crate) chart: &'a mut Chart,
    pub(crate) surroundings: &'a Surroundings<'a>,
    pub(crate) draws: Draws,
}

impl Attempt<'_> {
    /// Puts another value into a field, which must not hold it already.
    pub(crate) fn exchange<P: Part>(
        &mut self,
        is_it: impl Fn(&Chart, &P) -> bool,
        field: &str,
        to: impl FnOnce(&P::Value) -> Option<P::Value>,
    ) -> Option<Defect> {
        self.alter(is_it, field, |part| part.put(field, to(&part.value(field)?)?))
    }

    /// Takes a field's value away.
    pub(crate) fn lose<P: Part>(&mut self, is_it: impl Fn(&Chart, &P) -> bool, field: &str) -> Option<Defect> {
        self.alter(is_it, field, |part| part.lose(field))
    }

    /// Changes a part, of which the field named must become another.
    pub(crate) fn alter<P: Part>(
        &mut self,
        is_it: impl Fn(&Chart, &P) -> bool,
        field: &str,
        change: impl FnOnce(&mut P) -> Option<()>,
    ) -> Option<Defect> {
        let place = self.pick(is_it)?;
        let found = self.defect(&P::all(self.chart)[place]);
        let part = &mut P::all_mut(self.chart)[place];
        let before = part.shown(field);
        change(part)?;
        let after = part.shown(field);
        (before != after).then(|| Defect { field: Some(field.to_owned()), before, after, ..found })
    }

    /// Takes out a part.
    pub(crate) fn drop_one<P: Part>(&mut self, is_it: impl Fn(&Chart, &P) -> bool) -> Option<Defect> {
        let place = self.pick(is_it)?;
        let found = self.defect(&P::all(self.chart)[place]);
        P::all_mut(self.chart).remove(place);
        Some(found)
    }

    /// Puts a part there again, behind itself and changed.
    pub(crate) fn repeat<P: Part>(
        &mut self,
        is_it: impl Fn(&Chart, &P) -> bool,
        change: impl FnOnce(&mut P) -> Option<()>,
    ) -> Option<Defect> {
        let place = self.pick(is_it)?;
        let mut again = P::all(self.chart)[place].clone();
        change(&mut again)?;
        let found = self.defect(&again);
        P::all_mut(self.chart).insert(place + 1, again);
        Some(found)
    }

    /// Draws the place of one of the parts that satisfy a condition.
    pub(crate) fn pick<P: Part>(&mut self, is_it: impl Fn(&Chart, &P) -> bool) -> Option<usize> {
        let parts = P::all(self.chart).iter().enumerate();
        let places: Vec<usize> = parts.filter(|(_, part)| is_it(self.chart, part)).map(|(place, _)| place).collect();
        self.draws.pick(&places)
    }

    /// What is said of a fault that concerns the whole of a part.
    pub(crate) fn defect(&self, part: &impl Part) -> Defect {
        Defect {
            kind: self.kind,
            person_id: self.chart.person_id,
            resource: part.resource(),
            row: part.row(self.chart),
            field: None,
            before: None,
            after: None,
        }
    }

    /// The `person` row of the patient that is this one's pair, if there is one.
    pub(crate) fn neighbour(&self) -> Option<DynRow> {
        (self.surroundings.person)(self.chart.person_id ^ 1)
    }
}

#[cfg(test)]
mod tests {
    use twinlake_harmonize::Shared;
    use twinlake_omop::{Cell, Table};
    use twinlake_vocab::Vocab;

    use super::*;
    use crate::document::Document;
    use crate::kinds::kinds;

    fn chart() -> Chart {
        let document = |resource_type: &str, id: &str, rest: &str| Document {
            resource_type: resource_type.to_owned(),
            id: id.to_owned(),
            text: format!(r#"{{"resourceType":"{resource_type}","id":"{id}",{rest}}}"#),
        };
        let mut death = DynRow { table: Table::Death, cells: vec![Cell::Null; Table::Death.spec().fields.len()] };
        death.put("person_id", Cell::Int(7)).unwrap();
        let fhir = vec![
            document("Patient", "p", r#""gender":"female","active":true"#),
            document("Observation", "o", r#""valueQuantity":{"value":7.10}"#),
        ];
        Chart { person_id: 7, fhir, omop: vec![death] }
    }

    fn attempt<T>(chart: &mut Chart, change: impl FnOnce(&mut Attempt<'_>) -> T) -> T {
        let shared = Shared::default();
        let surroundings = Surroundings { vocab: Vocab::embedded(), shared: &shared, person: &|_| None };
        let kind = kinds().next().unwrap();
        change(&mut Attempt { kind, chart, surroundings: &surroundings, draws: Draws::new(1, "test", 7) })
    }

    fn of_type(resource_type: &str) -> impl Fn(&Chart, &Document) -> bool {
        move |_, one| one.resource_type == resource_type
    }

    fn death(_: &Chart, row: &DynRow) -> bool {
        row.table == Table::Death
    }

    #[test]
    fn a_value_keeps_its_sort_of_json_and_the_key_tells_what_it_was() {
        let mut chart = chart();
        let value = "valueQuantity.value";
        let found =
            attempt(&mut chart, |attempt| attempt.exchange(of_type("Observation"), value, |_| Some("71.0".to_owned())));
        let found = found.unwrap();
        assert_eq!((found.before.as_deref(), found.after.as_deref()), (Some("7.10"), Some("71.0")));
        assert_eq!(found.resource, Some(("Observation".to_owned(), "o".to_owned())));
        assert!(chart.fhir[1].text.ends_with(r#""valueQuantity":{"value":71.0}}"#), "{}", chart.fhir[1].text);

        attempt(&mut chart, |attempt| attempt.exchange(of_type("Patient"), "gender", |_| Some("male".to_owned())));
        assert!(chart.fhir[0].text.contains(r#""gender":"male""#), "{}", chart.fhir[0].text);
    }

    #[test]
    fn rows_and_resources_lose_values_alike() {
        let mut chart = chart();
        let found = attempt(&mut chart, |attempt| attempt.lose(of_type("Patient"), "gender")).unwrap();
        assert_eq!((found.before.as_deref(), found.after), (Some("female"), None));
        let found = attempt(&mut chart, |attempt| attempt.lose(death, "person_id")).unwrap();
        assert_eq!((found.before.as_deref(), found.after), (Some("7"), None));
        assert_eq!(found.row, Some((Table::Death, 7)));
        assert!(chart.omop[0].cell("person_id").is_null());
    }

    #[test]
    fn what_stays_as_it_is_or_is_not_there_is_no_fault() {
        let mut chart = chart();
        let same = attempt(&mut chart, |attempt| attempt.exchange(death, "person_id", |id| Some(id.clone())));
        let absent = attempt(&mut chart, |attempt| attempt.lose(of_type("Patient"), "birthDate"));
        let none = attempt(&mut chart, |attempt| attempt.drop_one(of_type("Encounter")));
        assert_eq!((same, absent, none), (None, None, None));
    }

    #[test]
    fn parts_go_and_come_again() {
        let mut chart = chart();
        let again = |one: &mut Document| {
            *one = one.with_id("o2");
            Some(())
        };
        let found = attempt(&mut chart, |attempt| attempt.repeat(of_type("Observation"), again)).unwrap();
        assert_eq!(found.resource, Some(("Observation".to_owned(), "o2".to_owned())));
        attempt(&mut chart, |attempt| attempt.drop_one(of_type("Patient"))).unwrap();
        assert_eq!(chart.fhir.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["o", "o2"]);
    }
}
