-- FHIR ids and OMOP keys are functions of each other, so the two sides meet on
-- the key that every fhir row carries.
with

persons as (
    select * from {{ ref('stg_person') }}
),

patients as (
    select * from {{ ref('stg_fhir__patients') }}
),

matched as (
    select
        coalesce(persons.person_id, patients.person_id) as person_id,
        patients.patient_id as fhir_patient_id,
        persons.person_id is not null as is_in_omop,
        patients.person_id is not null as is_in_fhir,
        persons.load_date as omop_load_date,
        patients.load_date as fhir_load_date
    from persons
    full outer join patients
        on persons.person_id = patients.person_id
)

select
    person_id,
    fhir_patient_id,
    is_in_omop,
    is_in_fhir,
    case
        when is_in_fhir and is_in_omop then 'fhir+omop'
        when is_in_omop then 'omop_only'
        else 'fhir_only'
    end as sources,
    greatest(
        coalesce(omop_load_date, fhir_load_date),
        coalesce(fhir_load_date, omop_load_date)
    ) as loaded_date
from matched
