"""Measures the flatten command beside DuckDB's SQL on the same file. `cargo xtask bench flatten` runs it.

Each run is a process of its own; what is told is the median of the runs, taken in turns so that a busy machine is busy
for all. CPU is user and system time of the whole process, its start and the reading of the file included.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

CODING = "STRUCT(coding STRUCT(system VARCHAR, code VARCHAR, display VARCHAR)[], text VARCHAR)"
COLUMNS = {
    "resourceType": "VARCHAR",
    "id": "VARCHAR",
    "status": "VARCHAR",
    "category": f"{CODING}[]",
    "code": CODING,
    "subject": "STRUCT(reference VARCHAR)",
    "encounter": "STRUCT(reference VARCHAR)",
    "effectiveDateTime": "VARCHAR",
    "issued": "VARCHAR",
    "valueQuantity": "STRUCT(value DOUBLE, unit VARCHAR)",
    "valueCodeableConcept": CODING,
    "interpretation": f"{CODING}[]",
}
LOINC = "list_filter(code.coding, lambda c: c.system = 'http://loinc.org')[1]"
SQL = f"""
select
    id, status, category[1].coding[1].code as category, {LOINC}.code as code, {LOINC}.display as display,
    code.text as text,
    regexp_extract(subject.reference, '(?:^|/)Patient/([^/]+)', 1) as subject_id,
    regexp_extract(encounter.reference, '(?:^|/)Encounter/([^/]+)', 1) as encounter_id,
    effectiveDateTime::TIMESTAMPTZ as effective, issued::TIMESTAMPTZ as issued,
    valueQuantity.value as value, valueQuantity.unit as unit,
    valueCodeableConcept.coding[1].code as value_code, interpretation[1].coding[1].code as interpretation
from read_json('{{input}}', format = 'newline_delimited', columns = {COLUMNS})
where resourceType = 'Observation'
"""


def duckdb_process(threads, statement):
    """Runs a statement in this process, which is one of the measured."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"set threads = {threads}; set TimeZone = 'UTC'")
    if statement:
        connection.execute(statement)


def measure(command):
    """Wall seconds, CPU seconds and peak memory in MB of a command."""
    started = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - started
    if status != 0:
        sys.exit(f"failed: {' '.join(command)}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--binary")
    arguments.add_argument("--input")
    arguments.add_argument("--view")
    arguments.add_argument("--out")
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--duckdb", nargs=2, metavar=("THREADS", "STATEMENT"))
    given = arguments.parse_args()
    if given.duckdb:
        return duckdb_process(*given.duckdb)
    import duckdb

    ours, theirs = f"{given.out}/flatten.parquet", f"{given.out}/duckdb.parquet"
    flatten = [given.binary, "--input", given.input, "--format", "parquet"]
    one = flatten + ["--view", given.view, "--output", ours]
    query = SQL.replace("{input}", given.input)
    copy = f"copy ({query}) to '{theirs}' (format parquet)"
    sql = [sys.executable, __file__, "--duckdb"]
    commands = {
        "flatten, 14 columns, 1 thread": one + ["--threads", "1"],
        "flatten, 14 columns, 2 threads": one + ["--threads", "2"],
        "flatten, all built-in views, 1 thread": flatten + ["--builtin", "--output", f"{given.out}/all", "--threads", "1"],
        f"DuckDB {duckdb.__version__}, 14 columns, 1 thread": sql + ["1", copy],
        f"DuckDB {duckdb.__version__}, 14 columns, 2 threads": sql + ["2", copy],
        "DuckDB, start only": sql + ["1", ""],
    }
    figures = {name: [] for name in commands}
    for _ in range(given.runs):
        for name, command in commands.items():
            figures[name].append(measure(command))
    size = os.path.getsize(given.input) / 1e6
    print(f"{given.input}: {size:.0f} MB; median of {given.runs}")
    print(f"{'':40} {'wall s':>8} {'CPU s':>8} {'MB/CPU-s':>9} {'MB peak':>8}")
    median = {}
    for name, runs in figures.items():
        wall, cpu, peak = (statistics.median(column) for column in zip(*runs))
        median[name] = wall, cpu
        print(f"{name:40} {wall:8.2f} {cpu:8.2f} {size / cpu:9.0f} {peak:8.0f}")
    names = list(commands)
    start = median[names[5]][1]
    print(f"DuckDB's CPU to ours, 1 thread: {median[names[3]][1] / median[names[0]][1]:.2f}, "
          f"without the start of Python {(median[names[3]][1] - start) / median[names[0]][1]:.2f}")
    print(f"wall of one thread to that of two: {median[names[0]][0] / median[names[1]][0]:.2f}")
    zone = "* replace (effective::timestamp as effective, issued::timestamp as issued)"
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    n_rows, n_other = connection.execute(
        f"select (select count(*) from '{ours}'), "
        f"(select count(*) from (select * from '{ours}' except all select {zone} from '{theirs}'))"
    ).fetchone()
    print(f"{n_rows} rows, {n_other} of them not as DuckDB has them")
    if n_other:
        sys.exit("the rows differ")


if __name__ == "__main__":
    main()
