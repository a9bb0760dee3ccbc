with

measurement as (
    select * from {{ source('omop', 'measurement') }}
),

current_persons as (
    select * from {{ ref('stg_omop__current_persons') }}
)

select
    measurement.measurement_id,
    measurement.person_id,
    measurement.measurement_concept_id,
    measurement.measurement_date,
    measurement.value_as_number,
    measurement.value_as_concept_id,
    measurement.unit_concept_id,
    measurement.visit_occurrence_id,
    measurement.measurement_source_value,
    measurement.pipeline_run_id,
    measurement.dt as load_date
from measurement
inner join current_persons
    on
        measurement.person_id = current_persons.person_id
        and measurement.pipeline_run_id = current_persons.pipeline_run_id
