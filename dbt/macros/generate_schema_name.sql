{#
    On a laptop the schemas are called staging, intermediate, marts, metrics and
    seeds. In a shared Glue catalog each takes the project's name in front.
#}
{% macro generate_schema_name(custom_schema_name, node) %}
    {% if custom_schema_name is none %}
        {{ target.schema }}
    {% else %}
        {{ adapter.dispatch('schema_in_catalog')(custom_schema_name | trim) }}
    {% endif %}
{% endmacro %}

{% macro default__schema_in_catalog(name) -%}
    {{ target.schema }}_{{ name }}
{%- endmacro %}

{% macro duckdb__schema_in_catalog(name) -%}
    {{ name }}
{%- endmacro %}
