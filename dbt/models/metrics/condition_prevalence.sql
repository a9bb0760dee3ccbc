with

population as (
    select * from {{ ref('int_population') }}
),

chronic_conditions as (
    select distinct
        chronic_condition_code,
        chronic_condition_name
    from {{ ref('chronic_condition_concepts') }}
),

diagnosed as (
    select * from {{ ref('fact_chronic_condition') }}
),

populations as (
    select
        age_band,
        count(*) as population_count,
        max(loaded_date) as loaded_date
    from population
    group by age_band
),

patients as (
    select
        population.age_band,
        diagnosed.chronic_condition_code,
        count(*) as person_count
    from population
    inner join diagnosed
        on population.person_id = diagnosed.person_id
    group by
        population.age_band,
        diagnosed.chronic_condition_code
)

select
    chronic_conditions.chronic_condition_code,
    chronic_conditions.chronic_condition_name,
    populations.age_band,
    coalesce(patients.person_count, 0) as person_count,
    populations.population_count,
    coalesce(patients.person_count, 0) * 1.0
    / populations.population_count as prevalence,
    {{ lineage_standard_columns("'omop_only'", 'populations.loaded_date') }}
from chronic_conditions
cross join populations
left join patients
    on
        chronic_conditions.chronic_condition_code
        = patients.chronic_condition_code
        and populations.age_band = patients.age_band
