-- The lake is a log: a person may be in several runs, and each replaces all
-- that the runs before it said about them.
with

person as (
    select * from {{ source('omop', 'person') }}
),

pipeline_runs as (
    select * from {{ ref('stg_ops__pipeline_runs') }}
),

latest as (
    select
        person.person_id,
        max(pipeline_runs.run_order) as run_order
    from person
    inner join pipeline_runs
        on person.pipeline_run_id = pipeline_runs.pipeline_run_id
    group by person.person_id
)

select
    latest.person_id,
    pipeline_runs.pipeline_run_id
from latest
inner join pipeline_runs
    on latest.run_order = pipeline_runs.run_order
