"""Copy DuckDB's extensions from their Python packages into a folder of our own.

    python install_extensions.py FOLDER

DuckDB then finds them with `extension_directory = FOLDER` and asks no network.
Safe to repeat: an extension that is there already is left alone.
"""

import importlib.util
import pathlib
import sys

import duckdb

# avro first: iceberg loads it.
EXTENSIONS = ("avro", "httpfs", "iceberg")


def packaged(name: str) -> pathlib.Path:
    """The extension's file inside its Python package."""
    spec = importlib.util.find_spec(f"duckdb_extension_{name}")
    if spec is None:
        sys.exit(f"python package `duckdb-extension-{name}` is not installed")
    file = (
        pathlib.Path(next(iter(spec.submodule_search_locations)))
        / "extensions"
        / f"v{duckdb.__version__}"
        / f"{name}.duckdb_extension"
    )
    if not file.is_file():
        sys.exit(
            f"`duckdb-extension-{name}` does not fit duckdb "
            f"{duckdb.__version__}: `{file}` is missing"
        )
    return file


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: install_extensions.py FOLDER")
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(config={"extension_directory": str(folder)})
    for name in EXTENSIONS:
        path = str(packaged(name)).replace("'", "''")
        connection.execute(f"install '{path}'")
    for name in EXTENSIONS:
        connection.execute(f"load {name}")


if __name__ == "__main__":
    main()
