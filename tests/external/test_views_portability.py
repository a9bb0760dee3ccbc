"""The built-in views give the same rows in another SQL on FHIR engine.

The other engine is pysof, in an environment of its own whose interpreter
`TWINLAKE_PYSOF` names. It reads some thousand resources a second, so each view
sees `TWINLAKE_PYSOF_AT_MOST` resources of its type (300), taken evenly from
those of `PATIENTS` patients, and as many of the Synthea sample that
`TWINLAKE_SPECS` has: a minute in all on two busy cores. Where the engines write one value in two ways, `WRITTEN` says
how and why; a difference of any other kind fails.
"""

import base64
import collections
import datetime
import decimal
import json
import os
import pathlib
import subprocess

import pytest

from conftest import ROOT

PATIENTS = 300
AT_MOST = int(os.environ.get("TWINLAKE_PYSOF_AT_MOST", "300"))
VIEWS = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in sorted((ROOT / "crates/flatten/views").glob("*.json"))
}


def instant(value: str) -> datetime.datetime:
    # Python 3.10 reads neither `Z` nor fractions of any length.
    value = value.replace("Z", "+00:00")
    text, offset = value[:-6], value[-6:]
    whole, _, fraction = text.partition(".")
    return datetime.datetime.fromisoformat(
        f"{whole}.{fraction.ljust(6, '0')[:6]}{offset}"
    )


def data(value: str) -> bytes:
    return base64.b64decode(value, validate=True)


# How pysof writes a value that ours writes otherwise: FHIR type, why, and how
# ours and theirs are read to be compared.
WRITTEN = {
    "instant": (
        "a column of type `instant` is a timestamp to us, written in UTC; "
        "pysof writes the text of the source, with its offset",
        instant,
        instant,
    ),
    "decimal": (
        "a decimal is its digits to us (5.90), so that precision is kept; "
        "pysof writes a number (5.9)",
        lambda value: decimal.Decimal(str(value)),
        lambda value: decimal.Decimal(str(value)),
    ),
    "base64Binary": (
        "a column of type `base64Binary` is bytes to us, in NDJSON as "
        "hexadecimal digits; pysof writes the base64 of the source",
        bytes.fromhex,
        data,
    ),
}
# Columns of which pysof gives something else: (view, column) and why.
DIFFERENT: dict[tuple[str, str], str] = {}

# Views of types that are harmonized but not generated.
OF_OTHERS = {"composition", "device_use_statement", "medication_statement"}
# Views of elements that no generated resource has, or of which it has one and
# the view wants several; Synthea's have instances and diagnoses of benefits.
NOT_GENERATED = {
    "condition_coding",
    "encounter_diagnosis",
    "explanation_of_benefit_diagnosis",
    "imaging_study_instance",
    "observation_category",
}


def types(selects: list[dict]) -> dict[str, str]:
    """The FHIR type of each column, in the order of the columns."""
    found: dict[str, str] = {}
    for select in selects:
        for column in select.get("column", []):
            found[column["name"]] = column["type"]
        found |= types(select.get("select", []))
        found |= types(select.get("unionAll", []))
    return found


@pytest.fixture(scope="module")
def pysof():
    """Runs a view by pysof: view, input file, output file."""
    if "TWINLAKE_PYSOF" not in os.environ:
        pytest.skip(
            "no pysof: the views are not compared with another engine; name "
            "the interpreter of an environment with "
            "tests/requirements-pysof.txt in TWINLAKE_PYSOF"
        )
    python = os.environ["TWINLAKE_PYSOF"]
    loaded = subprocess.run(
        [python, "-W", "error", "-c", "import pysof"],
        capture_output=True,
        text=True,
    )
    if loaded.returncode:
        pytest.skip(
            "pysof does not load here, so the views are not compared with "
            "another engine (see tests/requirements-pysof.txt): "
            + loaded.stderr.strip().splitlines()[-1]
        )
    process = subprocess.Popen(
        [python, str(pathlib.Path(__file__).with_name("run_pysof.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def ask(view: str, source: pathlib.Path, output: pathlib.Path) -> list:
        job = {
            "view": str(ROOT / f"crates/flatten/views/{view}.json"),
            "input": str(source),
            "output": str(output),
        }
        print(json.dumps(job), file=process.stdin, flush=True)
        answer = json.loads(process.stdout.readline())
        assert not answer, f"{view}: {answer}"
        return rows(output)

    yield ask
    process.stdin.close()
    process.wait(timeout=60)


def rows(file: pathlib.Path) -> list[dict]:
    if not file.exists():
        return []
    with open(file, encoding="utf-8") as lines:
        # Numbers keep their digits.
        return [json.loads(line, parse_float=decimal.Decimal) for line in lines]


def sample(resources: dict[str, list[str]], folder: pathlib.Path) -> None:
    """Writes at most so many resources of each type, evenly taken."""
    folder.mkdir()
    for resource, lines in resources.items():
        step = max(1.0, len(lines) / AT_MOST)
        chosen = [
            lines[int(number * step)]
            for number in range(min(len(lines), AT_MOST))
        ]
        text = "".join(f"{line}\n" for line in chosen)
        (folder / f"{resource}.ndjson").write_text(text, "utf-8")


def differences(view: str, ours: list, theirs: list, seen: set) -> list[str]:
    """What differs; what is only written otherwise is added to `seen`."""
    if len(ours) != len(theirs):
        return [f"{view}: {len(ours)} rows, pysof has {len(theirs)}"]
    found = []
    columns = types(VIEWS[view]["select"])
    for number, (our, their) in enumerate(zip(ours, theirs)):
        unknown = (our.keys() | their.keys()) - columns.keys()
        if unknown:
            found.append(f"{view}, row {number}: columns {sorted(unknown)}")
        for column, fhir_type in columns.items():
            a, b = our.get(column), their.get(column)
            same = type(a) is type(b) and a == b
            if not same and fhir_type in WRITTEN and None not in (a, b):
                _, read_ours, read_theirs = WRITTEN[fhir_type]
                same = read_ours(a) == read_theirs(b)
                seen.add(fhir_type)
            if not same and (view, column) in DIFFERENT:
                seen.add((view, column))
            elif not same:
                found.append(f"{view}.{column}, row {number}: {a!r}, {b!r}")
    return found


def compare(twinlake, pysof, folder: pathlib.Path) -> tuple[dict, set]:
    """Rows of each view, and what was written otherwise."""
    source, ours = folder / "fhir", folder / "ours"
    theirs = folder / "theirs"
    theirs.mkdir()
    twinlake(
        *("flatten", "--builtin", "--types", "ansi", "--format", "ndjson"),
        *("--input", source, "--output", ours),
    )
    counts: dict[str, int] = {}
    seen: set = set()
    found: list[str] = []
    for view, definition in VIEWS.items():
        file = source / f"{definition['resource']}.ndjson"
        if not file.exists():
            continue
        name = f"{view}.ndjson"
        ours_of_view = rows(ours / name)
        theirs_of_view = pysof(view, file, theirs / name)
        counts[view] = len(ours_of_view)
        found += differences(view, ours_of_view, theirs_of_view, seen)
    assert not found, "\n".join([f"{len(found)} differences", *found[:40]])
    return counts, seen


def test_the_views_give_equal_rows_over_generated_patients(
    twinlake, pysof, tmp_path
):
    twinlake(
        *("generate", "--patients", PATIENTS, "--fhir-dir", tmp_path / "all")
    )
    sample(
        {
            file.stem: file.read_text("utf-8").splitlines()
            for file in (tmp_path / "all").glob("*.ndjson")
        },
        tmp_path / "fhir",
    )
    counts, seen = compare(twinlake, pysof, tmp_path)
    assert counts.keys() == VIEWS.keys() - OF_OTHERS
    empty = {view for view, count in counts.items() if count == 0}
    assert empty == NOT_GENERATED
    assert sum(counts.values()) > 5000
    assert seen == WRITTEN.keys() | DIFFERENT.keys(), "each is still needed"


def test_the_views_give_equal_rows_over_the_synthea_sample(
    twinlake, pysof, tmp_path
):
    specs = pathlib.Path(
        os.environ.get("TWINLAKE_SPECS", ROOT.parent / "shared")
    )
    files = sorted((specs / "synthea-sample").rglob("*.*json"))
    if not files:
        pytest.skip("no Synthea sample; name its folder in TWINLAKE_SPECS")
    resources = collections.defaultdict(list)
    for file in files:
        text = file.read_text("utf-8")
        if file.suffix == ".ndjson":
            for line in filter(str.strip, text.splitlines()):
                resources[json.loads(line)["resourceType"]].append(line)
            continue
        for entry in json.loads(text)["entry"]:
            resource = entry["resource"]
            line = json.dumps(resource, ensure_ascii=False)
            resources[resource["resourceType"]].append(line)
    sample(resources, tmp_path / "fhir")
    counts, _ = compare(twinlake, pysof, tmp_path)
    assert len(counts) > 40
    assert sum(counts.values()) > 5000


def test_a_difference_is_noticed():
    row = {"id": "a", "gender": "male", "last_updated": "2019-01-01T00:00:00Z"}
    assert differences("patient", [row], [dict(row)], set()) == []
    for other in (
        {"gender": "female"},
        {"gender": None},
        {"last_updated": "2019-01-01T00:00:00+01:00"},
        {"more": 1},
    ):
        assert differences("patient", [row], [row | other], set()), other
    assert differences("patient", [row], [], set())
    seen: set = set()
    same = {"last_updated": "2019-01-01T01:00:00.000+01:00"}
    assert differences("patient", [row], [row | same], seen) == []
    assert seen == {"instant"}
