{#
    The columns that end every mart: where a row came from and who made it.

    sources      an expression: 'fhir+omop', 'omop_only' or 'fhir_only'
    loaded_date  an expression: load date of the newest lake row behind the row

    The only place that reads PIPELINE_RUN_ID. Without one, dbt was run by hand.
#}
{% macro lineage_standard_columns(
    sources="'omop_only'", loaded_date="cast(null as date)"
) -%}
    cast('{{ env_var("PIPELINE_RUN_ID", "by-hand") }}' as varchar)
        as pipeline_run_id,
    cast({{ sources }} as varchar) as lineage_sources,
    cast('{{ invocation_id }}' as varchar) as lineage_dbt_invocation_id,
    cast({{ loaded_date }} as date) as lineage_loaded_date
{%- endmacro %}
