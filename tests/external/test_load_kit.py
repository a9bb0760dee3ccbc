"""The CSV files of a cohort, loaded by their own SQL into two databases, and their keys read by pandas and R."""

import csv
import pathlib
import shutil
import subprocess

import duckdb
import pandas
import pytest

from conftest import ROOT


def columns() -> dict[str, list[dict]]:
    """The fields of each table, as the specification has them."""
    tables: dict[str, list[dict]] = {}
    with open(ROOT / "crates/omop/spec/cdm_v5_4.csv", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            tables.setdefault(row["table"], []).append(row)
    return tables


TABLES = columns()
# The concepts that stand for these are not in the crosswalk.
OPEN = {"vocabulary", "domain", "concept_class", "relationship"}


def files(kit: pathlib.Path, table: str) -> list[pathlib.Path]:
    whole = kit / f"{table}.csv"
    return [whole] if whole.exists() else sorted((kit / table).glob("*.csv"))


def rows(kit: pathlib.Path, table: str) -> list[dict]:
    found = []
    for file in files(kit, table):
        with open(file, encoding="utf-8", newline="") as opened:
            found += csv.DictReader(opened)
    return found


@pytest.fixture(scope="module")
def counts(kit) -> dict[str, int]:
    """Rows of each table, counted by Python."""
    found = {table: len(rows(kit, table)) for table in TABLES}
    assert len(found) == 39
    assert all(files(kit, table) for table in TABLES), "each has a file"
    for table in ("person", "measurement", "concept", "condition_era"):
        assert found[table] > 100, table
    return found


def references() -> set[tuple[str, str, str]]:
    """Table, field and table referred to, of every reference declared."""
    return {
        (table, field["field"], field["fk_table"])
        for table, fields in TABLES.items()
        for field in fields
        if field["fk_table"]
        and not (table in OPEN and field["fk_table"] == "concept")
    }


def in_duckdb(kit: pathlib.Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set file_search_path = $1", [str(kit)])
    for name in ("tables_duckdb.sql", "load_duckdb.sql"):
        connection.execute((kit / name).read_text("utf-8"))
    return connection


def test_duckdb_loads_it_with_keys_on(kit, counts):
    connection = in_duckdb(kit)
    for table, n_rows in counts.items():
        found = connection.execute(f"select count(*) from {table}").fetchone()
        assert found == (n_rows,), table

    constraints = connection.execute(
        "select table_name, constraint_column_names[1], referenced_table"
        " from duckdb_constraints() where constraint_type = 'FOREIGN KEY'"
    ).fetchall()
    inside = {name for name in references() if name[0] == name[2]}
    assert set(constraints) == references() - inside
    with pytest.raises(duckdb.ConstraintException, match="Duplicate key"):
        connection.execute("insert into person from person limit 1")
    with pytest.raises(duckdb.ConstraintException, match="foreign key"):
        connection.execute(
            "insert into death values (1234567890123, '2020-01-01',"
            " null, null, null, null, null)"
        )
    with pytest.raises(duckdb.ConstraintException, match="NOT NULL"):
        connection.execute("update person set year_of_birth = null")


def test_duckdb_refuses_a_visit_after_one_that_is_not_there(kit, tmp_path):
    copy = tmp_path / "kit"
    shutil.copytree(kit, copy)
    file = files(copy, "visit_occurrence")[0]
    head, *lines = file.read_text("utf-8").splitlines()
    place = head.split(",").index("preceding_visit_occurrence_id")
    # A patient's first visit has no preceding one; this one says it had.
    cells = lines[0].split(",")
    assert cells[place] == ""
    cells[place] = "7"
    file.write_text("\n".join([head, ",".join(cells), *lines[1:]]) + "\n")
    with pytest.raises(duckdb.Error, match="preceding_visit_occurrence_id"):
        in_duckdb(copy)


def test_postgresql_loads_it_with_keys_on(kit, counts, psql):
    psql("--quiet", "--file", "load_postgres.sql", cwd=kit)
    one = "select '{0}', count(*) from {0}"
    query = " union all ".join(one.format(table) for table in TABLES)
    answer = psql("--tuples-only", "--no-align", "--command", query)
    found = dict(line.split("|") for line in answer.split())
    assert {table: int(n) for table, n in found.items()} == counts

    query = (
        "select conrelid::regclass, attname, confrelid::regclass"
        " from pg_constraint join pg_attribute"
        " on attrelid = conrelid and attnum = conkey[1]"
        " where contype = 'f' and convalidated"
    )
    answer = psql("--tuples-only", "--no-align", "--command", query)
    assert {tuple(line.split("|")) for line in answer.split()} == references()
    query = (
        "select count(*) from pg_constraint"
        " where contype = 'p' and connamespace = 'public'::regnamespace"
    )
    n_keys = sum(
        field["primary_key"] == "yes"
        for fields in TABLES.values()
        for field in fields
    )
    assert psql("--tuples-only", "--command", query).split() == [str(n_keys)]
    with pytest.raises(RuntimeError, match="fk_death_person_id"):
        psql(
            "--command", "insert into death values (1234567890123, '2020-01-01')"
        )
    with pytest.raises(RuntimeError, match="pk_person"):
        psql("--command", "insert into person select * from person limit 1")


def test_postgresql_keeps_nothing_of_a_load_that_fails(kit, psql, tmp_path):
    copy = tmp_path / "kit"
    shutil.copytree(kit, copy)
    file = files(copy, "person")[0]
    lines = file.read_text("utf-8").splitlines(keepends=True)
    file.write_text("".join(lines[:1] + lines[2:]), "utf-8")
    psql("--command", "create schema half")
    with pytest.raises(RuntimeError, match="_person_id"):
        psql(
            *("--command", "set search_path to half"),
            *("--file", "load_postgres.sql"),
            cwd=copy,
        )
    query = (
        "select count(*) from information_schema.tables"
        " where table_schema = 'half'"
    )
    assert psql("--tuples-only", "--command", query).split() == ["0"]


# Keys of persons and events are numbers of ours; the others are hashes of 62
# bits: a location, an era, and the second and later rows of one resource.
NUMBERS = {
    "person": ["person_id", "provider_id"],
    "visit_occurrence": ["visit_occurrence_id", "person_id"],
    "drug_exposure": ["drug_exposure_id", "visit_occurrence_id"],
    "measurement": ["person_id", "visit_occurrence_id", "provider_id"],
}
HASHES = {
    "person": ["location_id"],
    "condition_era": ["condition_era_id"],
    "measurement": ["measurement_id"],
}


def keys(kit: pathlib.Path, table: str, field: str) -> list[str]:
    return [row[field] for row in rows(kit, table)]


def of(tables: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(table, field) for table in tables for field in tables[table]]


def test_keys_of_persons_and_events_stay_below_two_to_the_53(kit):
    for table, field in of(NUMBERS):
        found = [int(key) for key in keys(kit, table, field) if key]
        assert found and max(found) < 2**53, f"{table}.{field}"
    for table, field in of(HASHES):
        found = [int(key) for key in keys(kit, table, field)]
        assert 2**53 < max(found) < 2**62, f"{table}.{field}"


@pytest.mark.parametrize(("table", "field"), of(NUMBERS) + of(HASHES))
def test_pandas_reads_the_keys_exactly(kit, table, field):
    frame = pandas.concat(
        # A column with absent values would become floating point numbers.
        pandas.read_csv(file, dtype={field: "Int64"})
        for file in files(kit, table)
    )
    found = ["" if pandas.isna(key) else str(key) for key in frame[field]]
    assert found == keys(kit, table, field)
    if "" not in found:
        untold = pandas.concat(map(pandas.read_csv, files(kit, table)))
        assert [str(key) for key in untold[field]] == found


@pytest.mark.parametrize(
    ("table", "field", "kind"),
    # R has no integers of 64 bits: a number is exact up to 2^53, and what is
    # hashed is read as text.
    [(*key, "numeric") for key in of(NUMBERS)]
    + [(*key, "character") for key in of(HASHES)],
)
def test_r_reads_the_keys_exactly(kit, table, field, kind):
    if not shutil.which("Rscript"):
        pytest.skip("no R (Debian: apt-get install r-base-core)")
    script = """
        arguments <- commandArgs(trailingOnly = TRUE)
        kind <- setNames(arguments[2], arguments[1])
        for (file in arguments[-(1:2)]) {
            keys <- read.csv(file, colClasses = kind, na.strings = "")
            keys <- keys[[arguments[1]]]
            text <- if (is.numeric(keys)) sprintf("%.0f", keys) else keys
            writeLines(ifelse(is.na(keys), "", text))
        }
    """
    answer = subprocess.run(
        ["Rscript", "--vanilla", "-e", script, field, kind, *files(kit, table)],
        check=True,
        capture_output=True,
        text=True,
    )
    found = answer.stdout.removesuffix("\n").split("\n")
    assert found == keys(kit, table, field)
