"""The marts say what the lake says."""

import duckdb
import pytest

from conftest import quoted, runs

LATEST = runs()[-1]


@pytest.fixture(scope="module")
def marts(out):
    # No extension: marts and metrics are tables that any DuckDB reads.
    file = out / "twinlake.duckdb"
    assert file.is_file(), "the run built no marts"
    return duckdb.connect(str(file), read_only=True)


@pytest.fixture(scope="module")
def current(connection):
    """The latest listed run of each person, worked out row by row."""
    person = quoted(LATEST.tables["omop.person"]["metadata_location"])
    listed = quoted(LATEST.tables["ops.pipeline_runs"]["metadata_location"])
    ordered = connection.execute(
        f"select pipeline_run_id from iceberg_scan('{listed}')"
        " order by committed_at, pipeline_run_id"
    ).fetchall()
    order = {run_id: place for place, (run_id,) in enumerate(ordered)}
    latest = {}
    for person_id, run_id in connection.execute(
        f"select person_id, pipeline_run_id from iceberg_scan('{person}')"
    ).fetchall():
        if run_id in order:
            before = latest.get(person_id, run_id)
            latest[person_id] = max(before, run_id, key=order.__getitem__)
    return latest


def test_every_person_of_the_lake_is_in_dim_patient(marts, current):
    patients = marts.execute(
        "select person_id from marts.dim_patient order by person_id"
    ).fetchall()
    assert [person_id for (person_id,) in patients] == sorted(current)


def test_chronic_diagnoses_are_counted_as_a_loop_counts_them(
    marts, connection, current
):
    table = LATEST.tables["omop.condition_occurrence"]
    location = quoted(table["metadata_location"])
    code_of = dict(
        marts.execute(
            "select condition_concept_id, chronic_condition_code"
            " from seeds.chronic_condition_concepts"
        ).fetchall()
    )
    expected = {}
    for person_id, concept_id, run_id in connection.execute(
        "select person_id, condition_concept_id, pipeline_run_id"
        f" from iceberg_scan('{location}')"
    ).fetchall():
        if concept_id in code_of and current.get(person_id) == run_id:
            key = (person_id, code_of[concept_id])
            expected[key] = expected.get(key, 0) + 1
    facts = marts.execute(
        "select person_id, chronic_condition_code, diagnosis_count"
        " from marts.fact_chronic_condition"
    ).fetchall()
    assert {(person, code): n for person, code, n in facts} == expected
    if not expected:
        pytest.skip("nobody in this lake has a chronic condition")


@pytest.mark.parametrize(
    "table",
    [
        "marts.dim_patient",
        "marts.fact_chronic_condition",
        "metrics.population_by_age",
        "metrics.condition_prevalence",
    ],
)
def test_every_row_names_the_run_that_made_it(marts, table):
    made_by = marts.execute(
        f"select distinct pipeline_run_id from {table}"
    ).fetchall()
    # Few people may have no chronic condition; nobody else makes a row.
    assert set(made_by) <= {(LATEST.run_id,)}
    if table != "marts.fact_chronic_condition":
        assert made_by
