-- Of each id the highest version of the latest run that has it. A version that
-- is no number ranks below one that is.
with

encounter as (
    select * from {{ source('fhir', 'encounter') }}
),

pipeline_runs as (
    select * from {{ ref('stg_ops__pipeline_runs') }}
),

ranked as (
    select
        encounter.*,
        row_number() over (
            partition by encounter.id
            order by
                pipeline_runs.run_order desc,
                try_cast(encounter.version_id as bigint) desc nulls last,
                encounter.last_updated desc nulls last
        ) as newness
    from encounter
    inner join pipeline_runs
        on encounter.pipeline_run_id = pipeline_runs.pipeline_run_id
)

select
    id as encounter_id,
    omop_key as visit_occurrence_id,
    subject_key as person_id,
    subject_id as patient_id,
    version_id,
    last_updated as last_updated_at,
    status,
    class_code,
    type_code,
    type_display,
    period_start_at as started_at,
    period_end_at as ended_at,
    pipeline_run_id,
    dt as load_date
from ranked
where newness = 1
