-- Of each id the highest version of the latest run that has it. A version that
-- is no number ranks below one that is.
with

patient as (
    select * from {{ source('fhir', 'patient') }}
),

pipeline_runs as (
    select * from {{ ref('stg_ops__pipeline_runs') }}
),

ranked as (
    select
        patient.*,
        row_number() over (
            partition by patient.id
            order by
                pipeline_runs.run_order desc,
                try_cast(patient.version_id as bigint) desc nulls last,
                patient.last_updated desc nulls last
        ) as newness
    from patient
    inner join pipeline_runs
        on patient.pipeline_run_id = pipeline_runs.pipeline_run_id
)

select
    id as patient_id,
    omop_key as person_id,
    version_id,
    last_updated as last_updated_at,
    active as is_active,
    gender,
    birth_date,
    birth_date_text,
    deceased as is_deceased,
    deceased_at,
    race_code,
    ethnicity_code,
    birth_sex,
    city,
    state,
    postal_code,
    country,
    language_code,
    pipeline_run_id,
    dt as load_date
from ranked
where newness = 1
