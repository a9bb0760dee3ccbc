"""What the run says it wrote is what PyIceberg and DuckDB read."""

import csv

import pytest

from conftest import ROOT, quoted, runs

RUNS = runs()
LATEST = RUNS[-1]
TABLES = sorted(LATEST.tables)


def primary_keys() -> dict[str, str]:
    """The key column of each OMOP table that has one."""
    with open(ROOT / "crates/omop/spec/cdm_v5_4.csv", encoding="utf-8") as file:
        return {
            f"omop.{row['table']}": row["field"]
            for row in csv.DictReader(file)
            if row["primary_key"] == "yes"
        }


KEYS = primary_keys()


def test_the_run_wrote_both_models_and_its_own_account():
    namespaces = {name.split(".")[0] for name in TABLES}
    assert {"fhir", "omop", "ops"} <= namespaces
    for name in ("omop.person", "fhir.patient", "omop.measurement"):
        assert LATEST.tables[name]["rows"] > 0, name


def test_the_catalog_has_exactly_the_tables_of_the_summary(catalog):
    found = {
        ".".join(table)
        for namespace in catalog.list_namespaces()
        for table in catalog.list_tables(namespace)
    }
    assert found == set(TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_pyiceberg_counts_the_rows_of_the_summary(catalog, name):
    table = catalog.load_table(name)
    said = LATEST.tables[name]
    assert table.metadata_location == said["metadata_location"]
    # Rows as decoded from the data files: the count in the metadata is the
    # writer's own word.
    assert table.scan().to_arrow().num_rows == said["rows"]


@pytest.mark.parametrize(
    ("run", "name"),
    [(run, name) for run in RUNS for name in sorted(run.tables)],
    ids=lambda value: value if isinstance(value, str) else value.run_id,
)
def test_duckdb_counts_the_rows_of_the_summary(connection, run, name):
    said = run.tables[name]
    location = quoted(said["metadata_location"])
    rows, without_run, without_day = connection.execute(
        f"""
        select
            count(*),
            count(*) filter (pipeline_run_id is null or pipeline_run_id = ''),
            count(*) filter (dt is null)
        from iceberg_scan('{location}')
        """
    ).fetchone()
    assert rows == said["rows"]
    assert without_run == 0
    assert without_day == 0


@pytest.mark.parametrize("name", TABLES)
def test_a_snapshot_and_its_rows_name_the_same_run(catalog, name):
    table = catalog.load_table(name)
    by_snapshot = {}
    for snapshot in table.snapshots():
        added = int(snapshot.summary["added-records"] or 0)
        if added == 0:
            # Claims the lake for a cohort, say; it brings no rows.
            continue
        run_id = snapshot.summary["pipeline_run_id"]
        assert run_id, f"snapshot {snapshot.snapshot_id} names no run"
        assert run_id not in by_snapshot, f"run {run_id} was committed twice"
        by_snapshot[run_id] = added
    by_column = {}
    for value in table.scan(selected_fields=("pipeline_run_id",)).to_arrow()[
        "pipeline_run_id"
    ].to_pylist():
        by_column[value] = by_column.get(value, 0) + 1
    assert by_snapshot == by_column


def test_the_run_is_listed_once_it_is_whole(connection):
    location = quoted(LATEST.tables["ops.pipeline_runs"]["metadata_location"])
    listed = connection.execute(
        f"select pipeline_run_id from iceberg_scan('{location}')"
    ).fetchall()
    assert sorted(run_id for (run_id,) in listed) == sorted(
        run.run_id for run in RUNS
    )


@pytest.mark.parametrize("name", [name for name in TABLES if name in KEYS])
def test_omop_keys_are_unique_in_a_run(connection, name):
    location = quoted(LATEST.tables[name]["metadata_location"])
    twice = connection.execute(
        f"""
        select pipeline_run_id, {KEYS[name]}, count(*)
        from iceberg_scan('{location}')
        group by all
        having count(*) > 1
        limit 5
        """
    ).fetchall()
    assert twice == []


def test_both_models_hold_the_same_people(connection):
    person = quoted(LATEST.tables["omop.person"]["metadata_location"])
    patient = quoted(LATEST.tables["fhir.patient"]["metadata_location"])
    alone = connection.execute(
        f"""
        select person.person_id, patient.omop_key
        from iceberg_scan('{person}') as person
        full outer join iceberg_scan('{patient}') as patient
            on person.person_id = patient.omop_key
            and person.pipeline_run_id = patient.pipeline_run_id
        where person.person_id is null or patient.omop_key is null
        limit 5
        """
    ).fetchall()
    assert alone == []
