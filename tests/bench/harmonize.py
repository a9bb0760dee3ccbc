"""Measures the harmonize command on NDJSON of a generated cohort. `cargo xtask bench harmonize` runs it.

Each run is a process of its own; what is told is the median. CPU is user and system time of the whole process: reading the
files, mapping, and writing all tables as Parquet.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import time


def measure(command):
    """Wall seconds, CPU seconds and peak memory in MB of a command."""
    started = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - started
    if status != 0:
        raise SystemExit(f"{command[0]} failed")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    """Counts the input, runs the command, prints a line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--input", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    files = sorted(pathlib.Path(args.input).rglob("*.ndjson"))
    size = sum(file.stat().st_size for file in files)
    count = 0
    for file in files:
        with file.open("rb") as lines:
            count += sum(1 for _ in lines)
    out = ["--omop-dir", args.out, "--threads", str(args.threads)]
    command = [args.binary, "--fhir-dir", args.input, *out]
    runs = [measure(command) for _ in range(args.runs)]
    wall, cpu, memory = (statistics.median(run[which] for run in runs) for which in range(3))
    print(f"{count:,} resources of {size / count:,.0f} bytes, {args.threads} threads, median of {args.runs} runs:")
    print(f"{wall:.2f} s, {cpu:.2f} CPU s, {memory:.0f} MB: {count / cpu:,.0f} resources a CPU second")


if __name__ == "__main__":
    main()
