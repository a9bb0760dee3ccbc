with

drug_exposure as (
    select * from {{ source('omop', 'drug_exposure') }}
),

current_persons as (
    select * from {{ ref('stg_omop__current_persons') }}
)

select
    drug_exposure.drug_exposure_id,
    drug_exposure.person_id,
    drug_exposure.drug_concept_id,
    drug_exposure.drug_exposure_start_date,
    drug_exposure.drug_exposure_end_date,
    drug_exposure.days_supply,
    drug_exposure.visit_occurrence_id,
    drug_exposure.drug_source_value,
    drug_exposure.pipeline_run_id,
    drug_exposure.dt as load_date
from drug_exposure
inner join current_persons
    on
        drug_exposure.person_id = current_persons.person_id
        and drug_exposure.pipeline_run_id = current_persons.pipeline_run_id
