-- Of each id the highest version of the latest run that has it. A version that
-- is no number ranks below one that is.
with

condition as (
    select * from {{ source('fhir', 'condition') }}
),

pipeline_runs as (
    select * from {{ ref('stg_ops__pipeline_runs') }}
),

ranked as (
    select
        condition.*,
        row_number() over (
            partition by condition.id
            order by
                pipeline_runs.run_order desc,
                try_cast(condition.version_id as bigint) desc nulls last,
                condition.last_updated desc nulls last
        ) as newness
    from condition
    inner join pipeline_runs
        on condition.pipeline_run_id = pipeline_runs.pipeline_run_id
)

select
    id as condition_id,
    omop_key as condition_occurrence_id,
    subject_key as person_id,
    encounter_key as visit_occurrence_id,
    subject_id as patient_id,
    encounter_id,
    version_id,
    last_updated as last_updated_at,
    clinical_status,
    verification_status,
    category_code,
    code_system,
    code,
    code_display,
    onset_at,
    abatement_at as abated_at,
    recorded_at,
    pipeline_run_id,
    dt as load_date
from ranked
where newness = 1
