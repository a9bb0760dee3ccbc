with

matched as (
    select * from {{ ref('int_patients_matched') }}
),

persons as (
    select * from {{ ref('stg_person') }}
),

patients as (
    select * from {{ ref('stg_fhir__patients') }}
),

deaths as (
    select * from {{ ref('stg_death') }}
),

locations as (
    select * from {{ ref('stg_location') }}
),

observation_periods as (
    select
        person_id,
        min(observation_period_start_date) as observation_start_date,
        max(observation_period_end_date) as observation_end_date
    from {{ ref('stg_observation_period') }}
    group by person_id
),

concepts as (
    select * from {{ ref('stg_concept') }}
),

genders as (
    select * from {{ ref('gender_concepts') }}
)

select
    matched.person_id,
    persons.person_source_value,
    persons.gender_concept_id,
    genders.gender,
    persons.year_of_birth,
    persons.month_of_birth,
    persons.day_of_birth,
    cast(persons.birth_datetime as date) as birth_date,
    persons.race_concept_id,
    races.concept_name as race,
    persons.ethnicity_concept_id,
    ethnicities.concept_name as ethnicity,
    locations.state,
    locations.zip,
    deaths.death_date,
    deaths.person_id is not null as is_deceased,
    observation_periods.observation_start_date,
    observation_periods.observation_end_date,
    matched.fhir_patient_id,
    patients.is_active as is_fhir_active,
    patients.gender as fhir_gender,
    patients.birth_date as fhir_birth_date,
    patients.deceased_at as fhir_deceased_at,
    patients.city as fhir_city,
    patients.state as fhir_state,
    patients.postal_code as fhir_postal_code,
    patients.country as fhir_country,
    matched.is_in_omop,
    matched.is_in_fhir,
    {{ lineage_standard_columns('matched.sources', 'matched.loaded_date') }}
from matched
left join persons
    on matched.person_id = persons.person_id
left join patients
    on matched.person_id = patients.person_id
left join deaths
    on matched.person_id = deaths.person_id
left join locations
    on persons.location_id = locations.location_id
left join observation_periods
    on matched.person_id = observation_periods.person_id
left join genders
    on persons.gender_concept_id = genders.gender_concept_id
left join concepts as races
    on
        persons.race_concept_id = races.concept_id
        and races.concept_id <> 0
left join concepts as ethnicities
    on
        persons.ethnicity_concept_id = ethnicities.concept_id
        and ethnicities.concept_id <> 0
