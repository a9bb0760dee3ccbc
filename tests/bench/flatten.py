"""Measures the flatten command beside DuckDB's SQL and pysof on the same file. `cargo xtask bench flatten` runs it.

pysof reads the first `PYSOF_ROWS` lines only, as one run of it over all would take minutes; it writes NDJSON, as it
streams no Parquet. Each run is a process of its own; what is told is the median of the runs, taken in turns so that a busy machine is busy
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
PYSOF_ROWS = 20_000
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


def pysof_process(view, source, output):
    """Runs a view by pysof in this process, which is one of the measured; its interpreter is that of pysof."""
    import pysof

    with open(view, encoding="utf-8") as file:
        text = file.read()
    pysof.process_ndjson_to_file(text, source, output, "ndjson", fhir_version="R4")


def first_lines(source, n, output):
    """Copies that many lines; their size in MB and how many there are."""
    size = count = 0
    with open(source, "rb") as lines, open(output, "wb") as part:
        for line in lines:
            if count == n:
                break
            size += part.write(line)
            count += 1
    return size / 1e6, count


def count_lines(file):
    with open(file, "rb") as lines:
        return sum(1 for _ in lines)


def measure(command):
    """Wall seconds, CPU seconds and peak memory in MB of a command."""
    started = time.perf_counter()
    # pysof has as many threads as the machine, unless it is told.
    environment = os.environ | {"RAYON_NUM_THREADS": "1"}
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
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
    arguments.add_argument("--pysof", metavar="PYTHON")
    arguments.add_argument("--pysof-run", nargs=3, metavar=("VIEW", "INPUT", "OUTPUT"))
    given = arguments.parse_args()
    if given.duckdb:
        return duckdb_process(*given.duckdb)
    if given.pysof_run:
        return pysof_process(*given.pysof_run)
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
    size = os.path.getsize(given.input) / 1e6
    sizes = dict.fromkeys(commands, size)
    part, pysof_out = f"{given.out}/pysof-input.ndjson", f"{given.out}/pysof.ndjson"
    if given.pysof:
        part_size, part_rows = first_lines(given.input, PYSOF_ROWS, part)
        name = f"pysof, 14 columns, {part_rows} lines, 1 thread"
        commands[name] = [given.pysof, __file__, "--pysof-run", given.view, part, pysof_out]
        sizes[name] = part_size
    figures = {name: [] for name in commands}
    for _ in range(given.runs):
        for name, command in commands.items():
            figures[name].append(measure(command))
    print(f"{given.input}: {size:.0f} MB; median of {given.runs}")
    print(f"{'':46} {'wall s':>8} {'CPU s':>8} {'MB/CPU-s':>9} {'MB peak':>8}")
    median = {}
    for name, runs in figures.items():
        wall, cpu, peak = (statistics.median(column) for column in zip(*runs))
        median[name] = wall, cpu
        print(f"{name:46} {wall:8.2f} {cpu:8.2f} {sizes[name] / cpu:9.1f} {peak:8.0f}")
    names = list(commands)
    if given.pysof:
        per_mb = median[names[6]][1] / part_size, median[names[0]][1] / size
        print(f"pysof's CPU to ours for the same bytes, 1 thread: {per_mb[0] / per_mb[1]:.0f}")
        if count_lines(pysof_out) != part_rows:
            sys.exit(f"pysof wrote {count_lines(pysof_out)} rows of {part_rows}")
    else:
        print("NOT MEASURED: pysof, which does not load here")
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
