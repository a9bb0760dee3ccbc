"""Runs views by pysof; started with the interpreter of an environment that has it.

Each line of standard input is a job: `view`, `input` and `output` are files,
the last two NDJSON. Each line of standard output is its answer.
"""

import json
import sys

import pysof

for line in sys.stdin:
    job = json.loads(line)
    with open(job["view"], encoding="utf-8") as file:
        view = file.read()
    try:
        pysof.process_ndjson_to_file(
            view, job["input"], job["output"], "ndjson", fhir_version="R4"
        )
        answer = {}
    except Exception as error:  # noqa: BLE001 (any of its errors is an answer)
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
