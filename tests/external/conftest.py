"""A finished run, opened by two readers that are not ours.

    TWINLAKE_OUT=twinlake-out python -m pytest tests/external
"""

import importlib.util
import json
import os
import pathlib
from dataclasses import dataclass

import duckdb
import pytest
from pyiceberg.catalog.sql import SqlCatalog

ROOT = pathlib.Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Run:
    """A run's `summary.json`."""

    run_id: str
    tables: dict


def folder() -> pathlib.Path:
    if "TWINLAKE_OUT" not in os.environ:
        raise pytest.UsageError(
            "set TWINLAKE_OUT to the output folder of a `twinlake run`"
        )
    return pathlib.Path(os.environ["TWINLAKE_OUT"]).resolve()


def runs() -> list[Run]:
    """The runs of the output folder, the latest last."""
    summaries = sorted(
        folder().glob("runs/*/summary.json"),
        key=lambda file: file.stat().st_mtime_ns,
    )
    if not summaries:
        raise pytest.UsageError(f"no run in `{folder()}` wrote a summary.json")
    return [
        Run(file.parent.name, json.loads(file.read_text("utf-8"))["tables"])
        for file in summaries
    ]


@pytest.fixture(scope="session")
def out() -> pathlib.Path:
    return folder()


@pytest.fixture(scope="session")
def kit() -> pathlib.Path:
    """A folder that `generate --omop-format csv` wrote."""
    if "TWINLAKE_LOAD_KIT" not in os.environ:
        pytest.skip(
            "no load kit; name the folder of a `twinlake generate --omop-dir "
            "DIR --omop-format csv` in TWINLAKE_LOAD_KIT"
        )
    return pathlib.Path(os.environ["TWINLAKE_LOAD_KIT"]).resolve()


@pytest.fixture(scope="session")
def omop() -> pathlib.Path:
    """A folder that `generate --omop-dir` wrote, of a thousand patients."""
    if "TWINLAKE_OMOP" not in os.environ:
        pytest.skip(
            "no OMOP tables; name the folder of a `twinlake generate "
            "--patients 1000 --omop-dir DIR` in TWINLAKE_OMOP"
        )
    return pathlib.Path(os.environ["TWINLAKE_OMOP"]).resolve()


@pytest.fixture(scope="session")
def catalog(out: pathlib.Path) -> SqlCatalog:
    # The name is part of the catalog: another one sees no tables.
    return SqlCatalog(
        "twinlake",
        uri=f"sqlite:///{out / 'lake' / 'catalog.db'}",
        warehouse=(out / "lake" / "warehouse").as_uri(),
    )


@pytest.fixture(scope="session")
def connection() -> duckdb.DuckDBPyConnection:
    """DuckDB with its Iceberg extension, from the packages and not the network."""
    connection = duckdb.connect()
    # avro first: iceberg loads it.
    for name in ("avro", "httpfs", "iceberg"):
        package = importlib.util.find_spec(f"duckdb_extension_{name}")
        file = (
            pathlib.Path(next(iter(package.submodule_search_locations)))
            / "extensions"
            / f"v{duckdb.__version__}"
            / f"{name}.duckdb_extension"
        )
        connection.execute(f"load '{quoted(file)}'")
    return connection


def quoted(text: object) -> str:
    """Text between single quotes in SQL."""
    return str(text).replace("'", "''")
