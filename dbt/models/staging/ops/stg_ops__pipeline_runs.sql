with

pipeline_runs as (
    select * from {{ source('ops', 'pipeline_runs') }}
)

select
    pipeline_run_id,
    command,
    pack,
    pack_hash,
    semantics_version,
    seed,
    as_of as as_of_date,
    load_date,
    committed_at,
    version,
    n_patients as patient_count,
    status,
    row_number() over (
        order by committed_at, pipeline_run_id
    ) as run_order
from pipeline_runs
