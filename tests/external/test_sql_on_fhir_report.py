"""The report for the registry of SQL on FHIR engines is as its schema says."""

import json
import os
import pathlib

import jsonschema
import pytest

from conftest import ROOT

REPORT = ROOT / "docs/test_report.json"


@pytest.fixture(scope="module")
def schema() -> dict:
    specs = pathlib.Path(
        os.environ.get("TWINLAKE_SPECS", ROOT.parent / "shared")
    )
    file = specs / "sql-on-fhir" / "test-report.schema.json"
    if not file.exists():
        pytest.skip("no schema of the report; name its folder in TWINLAKE_SPECS")
    return json.loads(file.read_text("utf-8"))


def test_the_report_is_valid(schema):
    jsonschema.validate(json.loads(REPORT.read_text("utf-8")), schema)


def test_a_report_of_another_form_is_not(schema):
    report = json.loads(REPORT.read_text("utf-8"))
    report["basic.json"]["tests"][0]["result"] = {"passed": "yes"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(report, schema)
