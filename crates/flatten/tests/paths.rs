//! Paths put together from all that the language has: whatever they ask, there is an answer or an error, and never a panic.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;
use twinlake_flatten::{Flattener, Plan, Types, ViewDefinition, functions};

const PATIENT: &str = r#"{"resourceType": "Patient", "id": "p", "active": true, "birthDate": "1970-06-30", "gender": "é",
    "multipleBirthInteger": -2147483648, "name": [{"given": ["A", "B"], "family": "-1.5"}, {"family": "2020-02-29T23:59:60Z"}],
    "extension": [{"url": "u", "valueQuantity": {"value": 99999999999999999999.5, "code": "d"}},
        {"url": "v", "valueDecimal": -0.000000000000000001}, {"url": "w", "valueDateTime": "9999-12"}]}"#;

const STARTS: &[&str] = &[
    "$this",
    "%resource",
    "%rowIndex",
    "{}",
    "true",
    "0",
    "-9223372036854775807",
    "9223372036854775807",
    "170141183460469231731687303715884105727",
    "0.000000000000000000000000000000000001",
    "'é'",
    "''",
    "'9223372036854775808'",
    "@0001",
    "@9999-12-31",
    "@2020-02-29T23:59:59.999999999-12:00",
    "@T23:59",
    "5 'mg/dL'",
    "9999999999999 years",
    "0.5 'ms'",
    "name",
    "name.given",
    "name.family",
    "birthDate",
    "gender",
    "multipleBirth",
    "extension('u').value",
    "extension('v').value.ofType(decimal)",
    "extension('w').value.ofType(dateTime)",
];

const OPERATORS: &[&str] = &[
    "and", "or", "xor", "implies", "=", "!=", "~", "!~", "<", "<=", ">", ">=", "in", "contains", "|", "+", "-", "*",
    "/", "div", "mod", "&",
];

/// A path, as deep as so many calls and operators.
fn path() -> impl Strategy<Value = String> {
    let names: Vec<&str> = functions().collect();
    let start = select(STARTS).prop_map(str::to_owned);
    start.prop_recursive(5, 24, 3, move |inner| {
        let call = (inner.clone(), select(names.clone()), proptest::collection::vec(inner.clone(), 0..3))
            .prop_map(|(input, name, arguments)| format!("({input}).{name}({})", arguments.join(", ")));
        let operation = (inner.clone(), select(OPERATORS), inner.clone())
            .prop_map(|(left, operator, right)| format!("({left}) {operator} ({right})"));
        let index = (inner.clone(), inner).prop_map(|(input, index)| format!("-({input})[{index}]"));
        prop_oneof![4 => call, 4 => operation, 1 => index]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]
    #[test]
    fn every_path_has_an_answer_or_an_error(path in path(), typed in any::<bool>()) {
        let path = serde_json::Value::String(path);
        let text = format!(
            r#"{{"resource": "Patient", "select": [{{"column": [{{"name": "c", "path": {path}, "collection": true}}]}}]}}"#
        );
        let view = ViewDefinition::parse(&text).unwrap();
        let types = if typed { Types::Typed } else { Types::Ansi };
        if let Ok(plan) = Plan::compile(&[view], types) {
            let mut flattener = Flattener::new(Arc::new(plan), 10);
            if flattener.push(PATIENT).is_ok() {
                let n_rows: usize = flattener.finish().iter().map(|batch| batch.rows.num_rows()).sum();
                prop_assert_eq!(n_rows, 1);
            }
        }
    }
}
