with

population as (
    select * from {{ ref('int_population') }}
),

counted as (
    select
        age_band,
        gender,
        count(*) as person_count,
        max(last_event_date) as last_event_date,
        max(loaded_date) as loaded_date
    from population
    group by age_band, gender
)

select
    age_band,
    gender,
    person_count,
    last_event_date,
    {{ lineage_standard_columns("'omop_only'", 'loaded_date') }}
from counted
