"""Concept ids in dbt's seeds are what published vocabularies say they are."""

import csv
import os
import pathlib
import sys

import pytest

from conftest import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SPECS = pathlib.Path(os.environ.get("TWINLAKE_SPECS", ROOT / "../shared"))
CONCEPTS = [
    SPECS / "vocabulary" / name
    for name in ("concept_extended.csv", "concept.csv")
]


def rows(file: pathlib.Path) -> list[dict]:
    with open(file, encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


@pytest.fixture(scope="module")
def published() -> dict[str, dict]:
    for file in CONCEPTS:
        if not file.is_file():
            pytest.skip(f"no `{file}`; set TWINLAKE_SPECS to compare with it")
    return {
        row["concept_id"]: row for file in CONCEPTS for row in rows(file)
    }


@pytest.mark.parametrize(
    ("seed", "column", "domain"),
    [
        ("chronic_condition_concepts", "condition_concept_id", "Condition"),
        (
            "chronic_condition_measurements",
            "measurement_concept_id",
            "Measurement",
        ),
        ("gender_concepts", "gender_concept_id", "Gender"),
    ],
)
def test_concepts_are_standard_and_of_the_domain(
    published, seed, column, domain
):
    for row in rows(ROOT / "dbt" / "seeds" / f"{seed}.csv"):
        concept = published[row[column]]
        assert concept["domain_id"] == domain, row
        assert concept["standard_concept"] == "S", row


def test_a_chronic_condition_has_one_name_and_measurements_are_of_one():
    concepts = rows(ROOT / "dbt" / "seeds" / "chronic_condition_concepts.csv")
    names = {
        (row["chronic_condition_code"], row["chronic_condition_name"])
        for row in concepts
    }
    codes = {code for code, _ in names}
    assert len(names) == len(codes)
    followed = rows(
        ROOT / "dbt" / "seeds" / "chronic_condition_measurements.csv"
    )
    # Migraine and the like are followed up by asking, not by measuring.
    assert {row["chronic_condition_code"] for row in followed} <= codes


def test_every_lasting_condition_of_the_model_pack_is_chronic():
    pack = ROOT / "crates" / "pack" / "models" / "us-adult"
    concept_of = {
        row["key"]: row["concept_id"]
        for row in rows(pack / "terminology" / "condition.csv")
    }
    conditions = [
        tomllib.loads(file.read_text("utf-8"))
        for file in sorted((pack / "conditions").glob("*.toml"))
    ]
    # What has episodes or a course comes and goes; the rest stays.
    lasting = {
        concept_of[condition["concept"]]
        for condition in conditions
        if "episode" not in condition and "course" not in condition
    }
    seed = rows(ROOT / "dbt" / "seeds" / "chronic_condition_concepts.csv")
    assert lasting, "the pack has no lasting condition"
    assert lasting <= {row["condition_concept_id"] for row in seed}


def test_age_bands_cover_every_age_once():
    bands = rows(ROOT / "dbt" / "seeds" / "age_bands.csv")
    ages = [
        age
        for band in bands
        for age in range(int(band["minimum_age"]), int(band["maximum_age"]) + 1)
    ]
    assert ages == list(range(len(ages)))
