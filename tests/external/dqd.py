"""The checks of OHDSI's DataQualityDashboard on a folder of OMOP Parquet files.

    python tests/external/dqd.py OMOP_FOLDER

The checks are those of release 2.8 for CDM v5.4, worked out anew from their
published definitions and run by DuckDB; `docs/data-quality.md` says more.
"""

import collections
import csv
import functools
import pathlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

try:
    import tomllib
except ImportError:
    import tomli as tomllib

HERE = pathlib.Path(__file__).resolve().parent
# Tables that the dashboard leaves out unless told otherwise.
LEFT_OUT = {
    "concept",
    "concept_ancestor",
    "concept_class",
    "concept_relationship",
    "concept_synonym",
    "domain",
    "relationship",
    "vocabulary",
}
MALE, FEMALE = 8507, 8532
TOMORROW = "current_date + 1"
# Days after death in which something may still be recorded.
GRACE = 60


@dataclass(frozen=True)
class Check:
    """One check: what it counts, and the percentage that may violate it."""

    name: str
    table: str
    field: str = ""
    # A concept or several, joined with commas.
    concept: str = ""
    threshold: float = 0
    # SQL that gives the number of violations, and of what could violate.
    sql: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        return self.name, self.table, self.field, self.concept

    @property
    def place(self) -> str:
        return ".".join(filter(None, (self.table, self.field)))


@dataclass(frozen=True)
class Result:
    check: Check
    # "pass", "fail", "not applicable" or "error".
    status: str
    n_violated: int = 0
    n_rows: int = 0
    message: str = ""

    def __str__(self) -> str:
        check = self.check
        concept = f" = {check.concept}" if check.concept else ""
        return (
            f"{check.name} of {check.place}{concept}: {self.status},"
            f" {self.n_violated} of {self.n_rows}"
            f" (threshold {check.threshold} %) {self.message}"
        ).rstrip()


@functools.cache
def columns() -> dict[str, dict[str, dict]]:
    """The fields of each table, as the specification has them."""
    file = HERE.parents[1] / "crates/omop/spec/cdm_v5_4.csv"
    tables: dict[str, dict[str, dict]] = {}
    with open(file, encoding="utf-8") as opened:
        for row in csv.DictReader(opened):
            tables.setdefault(row["table"], {})[row["field"]] = row
    return tables


def facts(name: str) -> dict:
    with open(HERE / name, "rb") as file:
        return tomllib.load(file)


def counted(table: str, violated: str, among: str = "true") -> str:
    """SQL that counts rows of a table or a join."""
    return (
        f"select count(*) filter (where ({among}) and ({violated})),"
        f" count(*) filter (where {among}) from {table}"
    )


def split(fields: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Table and field of each field of lists by table."""
    for table, names in fields.items():
        for name in names.split():
            yield table, name


def concept_field(name: str) -> str:
    return name if "concept_id" in name else f"{name}_concept_id"


def source_value_of(table: str, field: str) -> str:
    """The field of the value that a concept was found for, if there is one."""
    for ending in ("_source_concept_id", "_concept_id"):
        if field.endswith(ending):
            name = field.removesuffix(ending) + "_source_value"
            return name if name in columns()[table] else ""
    return ""


def tested() -> list[tuple[str, str, dict]]:
    """Table, field and specification of each field that is checked."""
    return [
        (table, field, spec)
        for table, fields in columns().items()
        if table not in LEFT_OUT
        for field, spec in fields.items()
    ]


def checks() -> list[Check]:
    """All checks, in the order of their types."""
    found = [
        *table_checks(),
        *structure_checks(),
        *concept_field_checks(),
        *value_checks(),
        *date_checks(),
        *concept_checks(),
    ]
    assert len({check.key for check in found}) == len(found)
    for check in found:
        fields = columns()[check.table]
        assert not check.field or check.field in fields, check.key
    return found


def table_checks() -> Iterator[Check]:
    given = facts("dqd_fields.toml")
    for table in columns():
        if table not in LEFT_OUT:
            yield Check("cdmTable", table)
    for threshold, tables in given["measurePersonCompleteness"].items():
        for table in tables:
            sql = counted(
                "person", f"person_id not in (select person_id from {table})"
            )
            yield Check(
                "measurePersonCompleteness",
                table,
                threshold=int(threshold),
                sql=sql,
            )
    yield Check(
        "measureConditionEraCompleteness",
        "condition_era",
        sql=counted(
            "(select distinct person_id from condition_occurrence"
            " where condition_concept_id != 0)",
            "person_id not in (select person_id from condition_era)",
        ),
    )
    # Overlapping, or one begins the day after the other ends.
    yield Check(
        "measureObservationPeriodOverlap",
        "observation_period",
        sql="select count(distinct a.person_id) filter (where"
        " a.observation_period_start_date"
        " <= b.observation_period_end_date + 1"
        " and b.observation_period_start_date"
        " <= a.observation_period_end_date + 1),"
        " count(distinct a.person_id) from observation_period a"
        " left join observation_period b on a.person_id = b.person_id"
        " and a.observation_period_id != b.observation_period_id",
    )


def structure_checks() -> Iterator[Check]:
    given = facts("dqd_fields.toml")
    for table, field, spec in tested():
        yield Check("cdmField", table, field)
        empty = counted(table, f'"{field}" is null')
        required = spec["required"] == "yes"
        if required:
            yield Check("isRequired", table, field, sql=empty)
        yield Check(
            "measureValueCompleteness",
            table,
            field,
            threshold=0 if required else 100,
            sql=empty,
        )
        place = f"{table}.{field}"
        if (
            spec["type"] == "integer"
            and place not in given["cdmDatatype"]["except"]
        ):
            sql = counted(
                table,
                f"{field} is not null"
                f" and not regexp_full_match({field}::varchar, '-?[0-9]+')",
            )
            yield Check("cdmDatatype", table, field, sql=sql)
        if spec["primary_key"] == "yes":
            sql = counted(
                f"(select {field}, count(*) over (partition by {field}) n"
                f" from {table})",
                "n > 1",
            )
            yield Check("isPrimaryKey", table, field, sql=sql)
        target = given["isForeignKey"].get(place) or (
            spec["fk_table"] and f"{spec['fk_table']}.{spec['fk_field']}"
        )
        if target:
            other, key = target.split(".")
            sql = counted(
                f"{table} a left join (select distinct {key} k from {other})"
                f" on a.{field} = k",
                f"a.{field} is not null and k is null",
            )
            yield Check("isForeignKey", table, field, sql=sql)
        joined = f"{table} a left join concept c on a.{field} = c.concept_id"
        domain = given["fkDomain"].get(place) or spec["fk_domain"]
        # One domain only can be asked for.
        if domain and "," not in domain:
            sql = counted(
                joined, f"c.concept_id != 0 and c.domain_id != '{domain}'"
            )
            yield Check("fkDomain", table, field, sql=sql)
        class_id = given["fkClass"].get(place) or spec["fk_class"]
        if class_id:
            sql = counted(
                joined,
                f"c.concept_id != 0 and c.concept_class_id != '{class_id}'",
            )
            yield Check("fkClass", table, field, sql=sql)


def concept_field_checks() -> Iterator[Check]:
    given = facts("dqd_fields.toml")
    name = "isStandardValidConcept"
    for table, field in split(given[name]):
        field = concept_field(field)
        sql = counted(
            f"{table} a join concept c on a.{field} = c.concept_id",
            "c.concept_id != 0 and (c.standard_concept"
            " is distinct from 'S' or c.invalid_reason is not null)",
            f"a.{field} is not null",
        )
        yield Check(name, table, field, sql=sql)

    def completeness(name: str, ending: str) -> Iterator[Check]:
        for threshold, fields in given[name].items():
            for table, short in split(fields):
                field = short if "concept_id" in short else short + ending
                violated, among = f"{field} = 0", f"{field} is not null"
                source = source_value_of(table, field)
                required = columns()[table][field]["required"] == "yes"
                if source and not required:
                    # What was said but not looked up is not complete.
                    among += f" or {source} is not null"
                    violated += f" or {field} is null"
                yield Check(
                    name,
                    table,
                    field,
                    threshold=int(threshold),
                    sql=counted(table, violated, among),
                )

    yield from completeness("standardConceptRecordCompleteness", "_concept_id")
    yield from completeness(
        "sourceConceptRecordCompleteness", "_source_concept_id"
    )
    name = "sourceValueCompleteness"
    for threshold, fields in given[name].items():
        for table, short in split(fields):
            concept = f"{short}_concept_id"
            if (table, short) == ("death", "cause"):
                concept = "cause_source_concept_id"
            field = f"{short}_source_value"
            sql = counted(
                f"(select {field}, bool_or({concept} = 0) unmapped"
                f" from {table} group by all)",
                "unmapped",
            )
            yield Check(name, table, field, threshold=int(threshold), sql=sql)


def value_checks() -> Iterator[Check]:
    given = facts("dqd_fields.toml")
    bounds: dict[tuple[str, str], list] = {}
    for table, field in split(given["dates"]):
        bounds[table, field] = ["date '1950-01-01'", TOMORROW]
    for place, lowest in given["other_dates"].items():
        table, field = place.split(".")
        bounds[table, field] = [f"date '{lowest}'", TOMORROW]
    for place, numbers in given["numbers"].items():
        table, field = place.split(".")
        bounds[table, field] = numbers
    for name, place, sign in (
        ("plausibleValueLow", 0, "<"),
        ("plausibleValueHigh", 1, ">"),
    ):
        for (table, field), numbers in bounds.items():
            if len(numbers) > place:
                value = field
                if columns()[table][field]["type"].startswith("date"):
                    value = f"{field}::date"
                sql = counted(
                    table,
                    f"{value} {sign} {numbers[place]}",
                    f"{field} is not null",
                )
                yield Check(name, table, field, threshold=1, sql=sql)


def date_checks() -> Iterator[Check]:
    given = facts("dqd_fields.toml")

    def born(rest: str) -> str:
        return f"coalesce(p.birth_datetime::date, {rest})"

    # The older check takes the first of June, the newer the first of January.
    june = born("make_date(p.year_of_birth, 6, 1)")
    first = born(
        "make_date(p.year_of_birth, coalesce(p.month_of_birth, 1),"
        " coalesce(p.day_of_birth, 1))"
    )
    name = "plausibleTemporalAfter"
    for table, field in split(given["after_birth"]):
        sql = counted(
            f"{table} a left join person p on a.person_id = p.person_id",
            f"{june} > a.{field}::date",
        )
        yield Check(name, table, field, threshold=1, sql=sql)
    for table, spans in given["spans"].items():
        for start, end, start_threshold, end_threshold in spans:
            if end_threshold >= 0:
                yield Check(
                    name,
                    table,
                    end,
                    threshold=end_threshold,
                    sql=counted(table, f"{start}::date > {end}::date"),
                )
            if start_threshold >= 0:
                yield Check(
                    "plausibleStartBeforeEnd",
                    table,
                    start,
                    threshold=start_threshold,
                    sql=counted(
                        table,
                        f"{start} > {end}",
                        f"{start} is not null and {end} is not null",
                    ),
                )
    for table, field in split(given["dates"]):
        sql = counted(
            f"{table} a left join person p on a.person_id = p.person_id",
            f"a.{field}::date < {first}",
            f"a.{field} is not null",
        )
        yield Check("plausibleAfterBirth", table, field, threshold=1, sql=sql)
    for name, fields in (
        ("plausibleBeforeDeath", given["dates"]),
        ("plausibleDuringLife", given["plausibleDuringLife"]),
    ):
        for table, field in split(fields):
            if table == "death":
                continue
            among = "true"
            if name == "plausibleBeforeDeath":
                among = f"a.{field} is not null"
            sql = counted(
                f"{table} a join death d on a.person_id = d.person_id",
                f"a.{field}::date > d.death_date + {GRACE}",
                among,
            )
            yield Check(name, table, field, threshold=1, sql=sql)
    for threshold, places in given["withinVisitDates"].items():
        for table, field in (place.split(".") for place in places):
            sql = counted(
                f"{table} a join visit_occurrence v"
                " on a.visit_occurrence_id = v.visit_occurrence_id",
                f"a.{field} < v.visit_start_date - 7"
                f" or a.{field} > v.visit_end_date + 7",
            )
            yield Check(
                "withinVisitDates",
                table,
                field,
                threshold=int(threshold),
                sql=sql,
            )


def concept_checks() -> Iterator[Check]:
    given = facts("dqd_concepts.toml")
    sexes = (("male", MALE), ("female", FEMALE))
    name = "plausibleGender"
    for table, by_sex in given[name].items():
        field = f"{table.split('_')[0]}_concept_id"
        for sex, gender in sexes:
            for concept in by_sex[sex]:
                sql = counted(
                    f"{table} a join person p on a.person_id = p.person_id",
                    f"p.gender_concept_id != {gender}",
                    f"a.{field} = {concept}",
                )
                concept = str(concept)
                yield Check(name, table, field, concept, 5, sql)
    name = "plausibleGenderUseDescendants"
    for table, by_sex in given[name].items():
        field = f"{table.split('_')[0]}_concept_id"
        for sex, gender in sexes:
            concepts = ", ".join(map(str, by_sex[sex]))
            sql = counted(
                f"{table} a join person p on a.person_id = p.person_id"
                " join concept_ancestor c"
                f" on c.descendant_concept_id = a.{field}",
                f"p.gender_concept_id != {gender}",
                f"c.ancestor_concept_id in ({concepts})",
            )
            yield Check(name, table, field, concepts, threshold=2, sql=sql)
    name = "plausibleUnitConceptIds"
    for concept, units in given[name].items():
        among = ", ".join(map(str, units))
        # A unit that was not found, 0, is another check's.
        sql = counted(
            "measurement",
            f"coalesce(unit_concept_id, -1) not in ({among})",
            f"measurement_concept_id = {concept}"
            " and unit_concept_id is distinct from 0",
        )
        yield Check(
            name,
            "measurement",
            "measurement_concept_id",
            concept,
            threshold=5,
            sql=sql,
        )


# Days on which something begins, which an observation period covers.
EVENTS = {
    "visit_occurrence": "visit_start_date",
    "visit_detail": "visit_detail_start_date",
    "condition_occurrence": "condition_start_date",
    "drug_exposure": "drug_exposure_start_date",
    "procedure_occurrence": "procedure_date",
    "device_exposure": "device_exposure_start_date",
    "measurement": "measurement_date",
    "observation": "observation_date",
    "specimen": "specimen_date",
    "note": "note_date",
    "episode": "episode_start_date",
    "condition_era": "condition_era_start_date",
    "drug_era": "drug_era_start_date",
    "death": "death_date",
}
# Where concepts of a domain stand; of the others, observation.
HOMES = {
    "condition_occurrence": "Condition",
    "device_exposure": "Device",
    "drug_exposure": "Drug",
    "measurement": "Measurement",
    "procedure_occurrence": "Procedure",
    "specimen": "Specimen",
    "visit_occurrence": "Visit",
}
# Inpatient, and emergency room and inpatient.
STAYS = (9201, 262)
# Of the crosswalk: pregnancy, its examinations and its ends.
OF_WOMEN = (433260, 4299535, 4015701, 4075363, 4082534, 4128030)
ERA_GAP = 30


def rules() -> dict[str, str]:
    """What must not be, beside the dashboard's checks: SQL of the rows."""
    found = {}
    for table, day in EVENTS.items():
        found[f"{table} outside an observation period"] = (
            f"select e.* from {table} e where not exists ("
            "select 1 from observation_period o"
            " where o.person_id = e.person_id and e."
            f"{day} between o.observation_period_start_date"
            " and o.observation_period_end_date)"
        )
    for what, among in (
        ("inpatient visits", f"visit_concept_id in {STAYS}"),
        ("visits of several days", "visit_start_date < visit_end_date"),
    ):
        # One may begin on the day on which another ends.
        found[f"overlapping {what}"] = (
            f"with v as (select * from visit_occurrence where {among})"
            " select a.* from v a join v b on a.person_id = b.person_id"
            " and a.visit_occurrence_id != b.visit_occurrence_id"
            " and a.visit_start_date < b.visit_end_date"
            " and b.visit_start_date < a.visit_end_date"
        )
    for table, fields in columns().items():
        said = [
            f'"{field}"'
            for field, spec in fields.items()
            if spec["primary_key"] == "no"
        ]
        found[f"duplicates in {table}"] = (
            f"select {', '.join(said)} from {table}"
            " group by all having count(*) > 1"
        )
    for table, domain in HOMES.items():
        field = f"{table.split('_')[0]}_concept_id"
        found[f"{table} of another domain"] = (
            f"select e.* from {table} e join concept c"
            f" on e.{field} = c.concept_id"
            f" where c.concept_id != 0 and c.domain_id != '{domain}'"
        )
    homes = ", ".join(f"'{domain}'" for domain in HOMES.values())
    found["observation of another domain"] = (
        "select e.* from observation e join concept c"
        " on e.observation_concept_id = c.concept_id"
        f" where c.domain_id in ({homes})"
    )
    found["condition_era that does not follow from events"] = differences(
        "condition_era",
        "select person_id, condition_concept_id as concept_id,"
        " condition_start_date as first_day,"
        " coalesce(condition_end_date, condition_start_date + 1) as last_day"
        " from condition_occurrence where condition_concept_id != 0",
        "person_id, condition_concept_id, condition_era_start_date,"
        " condition_era_end_date, condition_occurrence_count",
        "person_id, concept_id, min(first_day), max(last_day), count(*)",
    )
    found["drug_era that does not follow from events"] = differences(
        "drug_era",
        "select person_id, c.concept_id, drug_exposure_start_date"
        " as first_day, drug_exposure_end_date as last_day"
        " from drug_exposure join concept_ancestor"
        " on drug_concept_id = descendant_concept_id"
        " join concept c on ancestor_concept_id = c.concept_id"
        " where c.concept_class_id = 'Ingredient'",
        "person_id, drug_concept_id, drug_era_start_date, drug_era_end_date,"
        " drug_exposure_count, gap_days",
        "person_id, concept_id, min(first_day), max(last_day), count(*),"
        " sum(gap)",
    )
    for table in ("condition_occurrence", "procedure_occurrence"):
        found[f"{table} of the other sex"] = (
            f"select e.* from {table} e join person p"
            " on e.person_id = p.person_id"
            f" where {table.split('_')[0]}_concept_id in {OF_WOMEN}"
            f" and p.gender_concept_id != {FEMALE}"
        )
    return found


def differences(table: str, spans: str, there: str, said: str) -> str:
    """SQL of the eras of a table that spans do not give, or do without it."""
    order = "partition by person_id, concept_id order by first_day, last_day"
    eras = (
        f"with span as ({spans}), gaps as (select *, first_day - max(last_day)"
        f" over ({order} rows between unbounded preceding and 1 preceding)"
        " as days from span),"
        " numbered as (select *,"
        f" sum(case when days <= {ERA_GAP} then 0 else 1 end) over ({order}"
        " rows unbounded preceding) as era,"
        f" case when days <= {ERA_GAP} then greatest(days - 1, 0) else 0 end"
        " as gap from gaps),"
        f" worked_out as (select {said} from numbered"
        " group by person_id, concept_id, era)"
    )
    return (
        f"{eras} (select {there} from {table} except all from worked_out)"
        f" union all (from worked_out except all select {there} from {table})"
    )


def against(connection: duckdb.DuckDBPyConnection, rule: str) -> int:
    """Rows against one of :func:`rules`."""
    sql = f"select count(*) from ({rules()[rule]})"
    return connection.execute(sql).fetchone()[0]


class Cdm:
    """Tables of a connection, and what running checks needs of them."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.present: dict[str, set[str]] = {}
        for table, field in connection.execute(
            "select lower(table_name), lower(column_name)"
            " from duckdb_columns() where not internal"
        ).fetchall():
            self.present.setdefault(table, set()).add(field)
        self.filled: dict[str, dict[str, int]] = {}

    def n_filled(self, table: str) -> dict[str, int]:
        """Rows that have each field, and all rows under ``""``."""
        if table not in self.filled:
            names = sorted(self.present[table])
            counts = "".join(f', count("{name}")' for name in names)
            row = self.connection.execute(
                f"select count(*){counts} from {table}"
            ).fetchone()
            self.filled[table] = dict(zip(["", *names], row))
        return self.filled[table]

    def run(self, check: Check) -> Result:
        there = check.table in self.present
        field_there = not check.field or (
            there and check.field in self.present[check.table]
        )
        if check.name == "cdmTable":
            return decide(check, int(not there), 1)
        if not there:
            return Result(check, "not applicable", message="no such table")
        if check.name == "cdmField":
            return decide(check, int(not field_there), 1)
        if not field_there:
            return Result(check, "not applicable", message="no such field")
        try:
            n_violated, n_rows = self.connection.execute(check.sql).fetchone()
        except duckdb.Error as error:
            return Result(check, "error", message=str(error))
        reason = self.not_applicable(check, n_rows)
        if reason:
            return Result(check, "not applicable", n_violated, n_rows, reason)
        return decide(check, n_violated, n_rows)

    def not_applicable(self, check: Check, n_rows: int) -> str:
        """Why the check says nothing, by the rules of the dashboard."""
        if check.name == "measurePersonCompleteness":
            return ""
        if check.name == "measureConditionEraCompleteness":
            n_conditions = self.n_filled("condition_occurrence")[""]
            return "" if n_conditions else "no conditions"
        filled = self.n_filled(check.table)
        if not filled[""]:
            return "the table is empty"
        if check.name == "measureValueCompleteness":
            return ""
        if check.field and not filled[check.field]:
            return "the field is empty"
        if check.concept and not n_rows:
            return "no such concept"
        return ""


def decide(check: Check, n_violated: int, n_rows: int) -> Result:
    percent = 100 * n_violated / n_rows if n_rows else 0
    failed = (
        n_violated > 0 if check.threshold == 0 else (percent > check.threshold)
    )
    return Result(check, "fail" if failed else "pass", n_violated, n_rows)


def read(folder: pathlib.Path) -> duckdb.DuckDBPyConnection:
    """The Parquet files of a folder as tables."""
    connection = duckdb.connect()
    for table in columns():
        file = folder / f"{table}.parquet"
        if not file.exists():
            file = folder / table / "*.parquet"
        path = str(file).replace("'", "''")
        connection.execute(
            f"create table {table} as select * from read_parquet('{path}')"
        )
    return connection


def summary(results: list[Result]) -> str:
    """A table of check types, then what is violated."""
    statuses = ("pass", "not applicable", "fail", "error")
    by_name: dict[str, collections.Counter] = {}
    for result in results:
        counter = by_name.setdefault(result.check.name, collections.Counter())
        counter[result.status] += 1
        counter["all"] += 1
        if result.status != "not applicable":
            counter["violated rows"] += tolerated(result)
    total = sum(by_name.values(), collections.Counter())
    names = ("all", *statuses, "violated rows")
    lines = [f"{'':34}" + "".join(f"{name:>15}" for name in names)]
    for name, counter in [*by_name.items(), ("all", total)]:
        numbers = "".join(f"{counter[column]:>15}" for column in names)
        lines.append(f"{name:34}{numbers}")
    shown = [
        str(result)
        for result in results
        if result.status in ("fail", "error") or tolerated(result)
    ]
    return "\n".join(lines + shown)


def tolerated(result: Result) -> int:
    """Violated rows, but where any number of them is right.

    A threshold of 100 % is a count of what is not there: of persons without
    a death, of fields that need not be filled.
    """
    absent = ("measurePersonCompleteness", "measureValueCompleteness")
    counts = result.status != "not applicable" and (
        result.check.name not in absent or result.status == "fail"
    )
    return result.n_violated if counts else 0


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    cdm = Cdm(read(folder))
    results = [cdm.run(check) for check in checks()]
    print(summary(results))
    broken = {rule: against(cdm.connection, rule) for rule in rules()}
    for rule, n_rows in broken.items():
        if n_rows:
            print(f"{rule}: {n_rows}")
    print(
        f"{len(broken)} more rules, {sum(map(bool, broken.values()))} broken"
    )
    failed = any(result.status in ("fail", "error") for result in results)
    if failed or any(broken.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
