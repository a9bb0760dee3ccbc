with

person as (
    select * from {{ source('omop', 'person') }}
),

current_persons as (
    select * from {{ ref('stg_omop__current_persons') }}
)

select
    person.person_id,
    person.gender_concept_id,
    person.year_of_birth,
    person.month_of_birth,
    person.day_of_birth,
    person.birth_datetime,
    person.race_concept_id,
    person.ethnicity_concept_id,
    person.location_id,
    person.provider_id,
    person.care_site_id,
    person.person_source_value,
    person.pipeline_run_id,
    person.dt as load_date
from person
inner join current_persons
    on
        person.person_id = current_persons.person_id
        and person.pipeline_run_id = current_persons.pipeline_run_id
