with

concept as (
    select * from {{ source('omop', 'concept') }}
),

pipeline_runs as (
    select * from {{ ref('stg_ops__pipeline_runs') }}
),

ranked as (
    select
        concept.*,
        row_number() over (
            partition by concept.concept_id
            order by pipeline_runs.run_order desc
        ) as newness
    from concept
    inner join pipeline_runs
        on concept.pipeline_run_id = pipeline_runs.pipeline_run_id
)

select
    concept_id,
    concept_name,
    domain_id,
    vocabulary_id,
    concept_code,
    standard_concept,
    pipeline_run_id,
    dt as load_date
from ranked
where newness = 1
