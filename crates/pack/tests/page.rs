//! `docs/model-pack.md` explains every key that the built-in pack has.

use std::collections::BTreeSet;

use twinlake_pack::Pack;

const PAGE: &str = include_str!("../../../docs/model-pack.md");

#[test]
fn every_key_of_the_built_in_pack_is_on_the_page() {
    let mut missing = BTreeSet::new();
    for (file, content) in Pack::embedded_files() {
        if file.strip_suffix(".toml").is_some() {
            let table: toml::Table = String::from_utf8(content).unwrap().parse().unwrap();
            // Prices by file: names of visits, procedures and drugs, no keys of the format.
            let mut table = table;
            if file == "prices.toml" {
                table.remove("visit");
                table.remove("procedures");
                table.remove("fills");
            }
            keys(&toml::Value::Table(table), &mut missing);
        }
    }
    missing.retain(|key| {
        let ways = [format!("`{key}`"), format!("[{key}]`"), format!(".{key}]`"), format!("[[{key}]]`")];
        !ways.iter().any(|way| PAGE.contains(way))
    });
    // Heads of tables whose keys are explained.
    assert_eq!(missing, BTreeSet::from(["constraint", "derived", "onset", "target"].map(str::to_owned)));
}

fn keys(value: &toml::Value, all: &mut BTreeSet<String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                all.insert(key.clone());
                keys(value, all);
            }
        }
        toml::Value::Array(items) => items.iter().for_each(|item| keys(item, all)),
        _ => {}
    }
}
