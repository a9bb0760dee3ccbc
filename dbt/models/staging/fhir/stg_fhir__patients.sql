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
    deceased_date_time as deceased_at,
    city,
    state,
    postal_code,
    country,
    pipeline_run_id,
    dt as load_date
from ranked
where newness = 1
