"""The tables of `twinlake views schema`, made and filled in real databases."""

import json

import duckdb
import pytest
import sqlglot


@pytest.fixture(scope="module")
def views(twinlake) -> dict[str, int]:
    """The number of columns of each built-in view."""
    lines = twinlake("views", "list", "--json").splitlines()
    return {
        view["name"]: view["columns"] for view in map(json.loads, lines)
    }


@pytest.fixture(scope="module")
def fhir(twinlake, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fhir")
    twinlake("generate", "--patients", 30, "--fhir-dir", folder)
    return folder


@pytest.mark.parametrize("types", ["ansi", "typed"])
def test_duckdb_takes_what_flatten_writes(
    twinlake, views, fhir, tmp_path, types
):
    sql = twinlake("views", "schema", "--dialect", "duckdb", "--types", types)
    connection = duckdb.connect()
    connection.execute(sql)
    twinlake(
        *("flatten", "--builtin", "--types", types, "--format", "parquet"),
        *("--input", fhir, "--output", tmp_path / "out"),
    )
    written = 0
    for view, columns in views.items():
        found = connection.execute(
            "select count(*), count(comment) from duckdb_columns()"
            " where table_name = $1",
            [view],
        ).fetchone()
        assert found == (columns, columns), f"{view}: all are described"
        file = tmp_path / "out" / f"{view}.parquet"
        source = f"select * from read_parquet('{file}')"
        described = "select column_name, column_type from (describe {})"
        declared, stored = (
            connection.execute(described.format(text)).fetchall()
            for text in (f"select * from {view}", source)
        )
        assert declared == stored, f"{view}: the file's types are the table's"
        connection.execute(f"insert into {view} {source}")
        written += connection.execute(
            f"select count(*) from {view}"
        ).fetchone()[0]
    assert written > 10_000
    comments = connection.execute(
        "select count(comment) from duckdb_tables()"
    ).fetchone()
    assert comments == (len(views),)


def test_postgresql_takes_what_flatten_writes(
    twinlake, views, fhir, tmp_path, psql
):
    file = tmp_path / "schema.sql"
    sql = twinlake("views", "schema", "--dialect", "postgresql")
    file.write_text(sql, "utf-8")
    tmp_path.chmod(0o755)
    psql("--set", "ON_ERROR_STOP=1", "--quiet", "--file", file)
    found = psql(
        *("--tuples-only", "--no-align", "--command"),
        "select table_name, count(*), count(col_description("
        "table_name::regclass, ordinal_position)) from"
        " information_schema.columns where table_schema = 'public'"
        " group by table_name",
    )
    described = {
        name: (int(columns), int(comments))
        for name, columns, comments in (
            line.split("|") for line in found.splitlines()
        )
    }
    assert described == {name: (n, n) for name, n in views.items()}
    twinlake(
        *("flatten", "--builtin", "--format", "csv"),
        *("--input", fhir, "--output", tmp_path / "out"),
    )
    for view in ("patient", "encounter", "observation", "claim_item"):
        rows = tmp_path / "out" / f"{view}.csv"
        copy = f"\\copy {view} from '{rows}' with (format csv, header match)"
        assert int(psql("--command", copy).removeprefix("COPY ")) > 0, view


def test_the_ddl_of_athena_is_parsed(twinlake, views):
    for types in ("ansi", "typed"):
        sql = twinlake(
            *("views", "schema", "--dialect", "athena", "--types", types),
            *("--location", "s3://bucket/fhir"),
        )
        tables = sqlglot.parse(sql, dialect="athena")
        found = {}
        for table in tables:
            assert isinstance(table, sqlglot.exp.Create), table
            columns = list(table.find_all(sqlglot.exp.ColumnDef))
            assert all(column.comments or column.find(
                sqlglot.exp.CommentColumnConstraint
            ) for column in columns)
            found[table.find(sqlglot.exp.Table).name] = len(columns)
        assert found == views
