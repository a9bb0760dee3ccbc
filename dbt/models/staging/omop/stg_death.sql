with

death as (
    select * from {{ source('omop', 'death') }}
),

current_persons as (
    select * from {{ ref('stg_omop__current_persons') }}
)

select
    death.person_id,
    death.death_date,
    death.cause_concept_id,
    death.pipeline_run_id,
    death.dt as load_date
from death
inner join current_persons
    on
        death.person_id = current_persons.person_id
        and death.pipeline_run_id = current_persons.pipeline_run_id
