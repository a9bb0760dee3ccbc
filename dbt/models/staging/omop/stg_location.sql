with

location as (
    select * from {{ source('omop', 'location') }}
),

pipeline_runs as (
    select * from {{ ref('stg_ops__pipeline_runs') }}
),

ranked as (
    select
        location.*,
        row_number() over (
            partition by location.location_id
            order by pipeline_runs.run_order desc
        ) as newness
    from location
    inner join pipeline_runs
        on location.pipeline_run_id = pipeline_runs.pipeline_run_id
)

select
    location_id,
    state,
    zip,
    country_concept_id,
    country_source_value,
    pipeline_run_id,
    dt as load_date
from ranked
where newness = 1
