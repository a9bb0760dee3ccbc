with

observation_period as (
    select * from {{ source('omop', 'observation_period') }}
),

current_persons as (
    select * from {{ ref('stg_omop__current_persons') }}
)

select
    observation_period.observation_period_id,
    observation_period.person_id,
    observation_period.observation_period_start_date,
    observation_period.observation_period_end_date,
    observation_period.pipeline_run_id,
    observation_period.dt as load_date
from observation_period
inner join current_persons
    on
        observation_period.person_id = current_persons.person_id
        and observation_period.pipeline_run_id = current_persons.pipeline_run_id
