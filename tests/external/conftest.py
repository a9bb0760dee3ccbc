"""A finished run, opened by two readers that are not ours.

    TWINLAKE_OUT=twinlake-out python -m pytest tests/external
"""

import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
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


@pytest.fixture(scope="module")
def psql():
    """Runs SQL on a PostgreSQL server of its own, through a socket."""
    programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
    beside = shutil.which("initdb")
    programs += [pathlib.Path(beside).parent] if beside else []
    if not programs or not shutil.which("psql"):
        pytest.skip("no PostgreSQL (Debian: apt-get install postgresql)")
    # The server refuses to be started by root.
    user = {"user": "nobody", "extra_groups": []} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        home = pathlib.Path(folder)
        home.chmod(0o777)
        server = programs[-1]

        def run(*command: object):
            subprocess.run(
                command, check=True, capture_output=True, cwd="/", **user
            )

        run(
            server / "initdb",
            *("--pgdata", home / "data"),
            *("--username", "tester", "--auth", "trust"),
            *("--encoding", "UTF8", "--locale", "C"),
        )
        options = f"-c listen_addresses= -c unix_socket_directories={home}"
        control = [server / "pg_ctl", "--pgdata", home / "data", "--wait"]
        run(*control, "--log", home / "log", "-o", options, "start")

        def ask(*arguments: object, cwd: pathlib.Path = ROOT) -> str:
            database = ["--host", home, "--username", "tester"]
            answer = subprocess.run(
                ["psql", "--no-psqlrc", *database, "postgres", *arguments],
                capture_output=True,
                text=True,
                cwd=cwd,
            )
            if answer.returncode:
                raise RuntimeError(answer.stderr)
            return answer.stdout

        try:
            yield ask
        finally:
            run(*control, "--mode", "immediate", "stop")


@pytest.fixture(scope="session")
def twinlake():
    """Runs the binary that the workspace's tests built; gives what it prints."""
    if "TWINLAKE_BIN" not in os.environ:
        pytest.skip("no binary; name `twinlake` in TWINLAKE_BIN")
    binary = pathlib.Path(os.environ["TWINLAKE_BIN"]).resolve()

    def ask(*arguments: object) -> str:
        command = [str(part) for part in (binary, *arguments)]
        answer = subprocess.run(command, capture_output=True, text=True)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    return ask


def quoted(text: object) -> str:
    """Text between single quotes in SQL."""
    return str(text).replace("'", "''")
