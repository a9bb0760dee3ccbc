-- Diagnoses and measurements are counted apart and joined as counts: joined as
-- rows, each would multiply the other.
with

persons as (
    select * from {{ ref('stg_person') }}
),

condition_occurrences as (
    select * from {{ ref('stg_condition_occurrence') }}
),

measurements as (
    select * from {{ ref('stg_measurement') }}
),

chronic_condition_concepts as (
    select * from {{ ref('chronic_condition_concepts') }}
),

chronic_condition_measurements as (
    select * from {{ ref('chronic_condition_measurements') }}
),

genders as (
    select * from {{ ref('gender_concepts') }}
),

matched as (
    select * from {{ ref('int_patients_matched') }}
),

diagnosed as (
    select
        condition_occurrences.person_id,
        chronic_condition_concepts.chronic_condition_code,
        chronic_condition_concepts.chronic_condition_name,
        min(condition_occurrences.condition_start_date)
            as first_diagnosis_date,
        max(condition_occurrences.condition_start_date)
            as last_diagnosis_date,
        count(*) as diagnosis_count,
        count(distinct condition_occurrences.visit_occurrence_id)
            as visit_count
    from condition_occurrences
    inner join chronic_condition_concepts
        on
            condition_occurrences.condition_concept_id
            = chronic_condition_concepts.condition_concept_id
    group by
        condition_occurrences.person_id,
        chronic_condition_concepts.chronic_condition_code,
        chronic_condition_concepts.chronic_condition_name
),

measured as (
    select
        diagnosed.person_id,
        diagnosed.chronic_condition_code,
        count(*) as measurement_count,
        max(measurements.measurement_date) as last_measurement_date
    from diagnosed
    inner join chronic_condition_measurements
        on
            diagnosed.chronic_condition_code
            = chronic_condition_measurements.chronic_condition_code
    inner join measurements
        on
            diagnosed.person_id = measurements.person_id
            and chronic_condition_measurements.measurement_concept_id
            = measurements.measurement_concept_id
            and diagnosed.first_diagnosis_date
            <= measurements.measurement_date
    group by
        diagnosed.person_id,
        diagnosed.chronic_condition_code
)

select
    diagnosed.person_id,
    diagnosed.chronic_condition_code,
    diagnosed.chronic_condition_name,
    diagnosed.first_diagnosis_date,
    diagnosed.last_diagnosis_date,
    diagnosed.diagnosis_count,
    diagnosed.visit_count,
    coalesce(measured.measurement_count, 0) as measurement_count,
    measured.last_measurement_date,
    {{ age_years(
        'persons.year_of_birth',
        'persons.month_of_birth',
        'persons.day_of_birth',
        'diagnosed.first_diagnosis_date'
    ) }} as age_at_first_diagnosis,
    persons.gender_concept_id,
    genders.gender,
    persons.year_of_birth,
    persons.race_concept_id,
    persons.ethnicity_concept_id,
    {{ lineage_standard_columns('matched.sources', 'matched.loaded_date') }}
from diagnosed
inner join persons
    on diagnosed.person_id = persons.person_id
inner join matched
    on diagnosed.person_id = matched.person_id
left join measured
    on
        diagnosed.person_id = measured.person_id
        and diagnosed.chronic_condition_code
        = measured.chronic_condition_code
left join genders
    on persons.gender_concept_id = genders.gender_concept_id
