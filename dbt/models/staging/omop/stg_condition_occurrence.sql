with

condition_occurrence as (
    select * from {{ source('omop', 'condition_occurrence') }}
),

current_persons as (
    select * from {{ ref('stg_omop__current_persons') }}
)

select
    condition_occurrence.condition_occurrence_id,
    condition_occurrence.person_id,
    condition_occurrence.condition_concept_id,
    condition_occurrence.condition_start_date,
    condition_occurrence.condition_end_date,
    condition_occurrence.condition_type_concept_id,
    condition_occurrence.visit_occurrence_id,
    condition_occurrence.condition_source_value,
    condition_occurrence.pipeline_run_id,
    condition_occurrence.dt as load_date
from condition_occurrence
inner join current_persons
    on
        condition_occurrence.person_id = current_persons.person_id
        and condition_occurrence.pipeline_run_id
        = current_persons.pipeline_run_id
