-- Ages are taken at the last day that the lake knows anything about, which is
-- a fact of the data; the clock of whoever runs dbt is not.
with

persons as (
    select * from {{ ref('stg_person') }}
),

patients as (
    select * from {{ ref('int_patients_matched') }}
),

deaths as (
    select * from {{ ref('stg_death') }}
),

genders as (
    select * from {{ ref('gender_concepts') }}
),

age_bands as (
    select * from {{ ref('age_bands') }}
),

lake as (
    select max(observation_period_end_date) as last_event_date
    from {{ ref('stg_observation_period') }}
),

aged as (
    select
        persons.person_id,
        patients.sources,
        patients.loaded_date,
        coalesce(genders.gender, 'unknown') as gender,
        lake.last_event_date,
        {{ age_years(
            'persons.year_of_birth',
            'persons.month_of_birth',
            'persons.day_of_birth',
            'lake.last_event_date'
        ) }} as age
    from persons
    inner join patients
        on persons.person_id = patients.person_id
    cross join lake
    left join deaths
        on persons.person_id = deaths.person_id
    left join genders
        on persons.gender_concept_id = genders.gender_concept_id
    where deaths.person_id is null
)

select
    aged.person_id,
    aged.gender,
    aged.age,
    coalesce(age_bands.age_band, 'unknown') as age_band,
    aged.last_event_date,
    aged.sources,
    aged.loaded_date
from aged
left join age_bands
    on aged.age between age_bands.minimum_age and age_bands.maximum_age
