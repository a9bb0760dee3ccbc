with

visit_occurrence as (
    select * from {{ source('omop', 'visit_occurrence') }}
),

current_persons as (
    select * from {{ ref('stg_omop__current_persons') }}
)

select
    visit_occurrence.visit_occurrence_id,
    visit_occurrence.person_id,
    visit_occurrence.visit_concept_id,
    visit_occurrence.visit_start_date,
    visit_occurrence.visit_end_date,
    visit_occurrence.provider_id,
    visit_occurrence.care_site_id,
    visit_occurrence.pipeline_run_id,
    visit_occurrence.dt as load_date
from visit_occurrence
inner join current_persons
    on
        visit_occurrence.person_id = current_persons.person_id
        and visit_occurrence.pipeline_run_id = current_persons.pipeline_run_id
