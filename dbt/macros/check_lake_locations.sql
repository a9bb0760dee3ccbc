{#
    Says which tables have no location, before DuckDB trips over the first.
    Athena finds tables through Glue and has nothing to check.
#}
{% macro check_lake_locations() %}
    {{ return(adapter.dispatch('check_lake_locations')()) }}
{% endmacro %}

{% macro default__check_lake_locations() %}
{% endmacro %}

{% macro duckdb__check_lake_locations() %}
    {% if execute %}
        {% set missing = [] %}
        {% for source in graph.sources.values() %}
            {% set name = source.source_name ~ '.' ~ source.name %}
            {% if not var('lake').get(name) %}
                {% do missing.append(name) %}
            {% endif %}
        {% endfor %}
        {% if missing %}
            {{ exceptions.raise_compiler_error(
                'no location for ' ~ missing | sort | join(', ')
                ~ ' in --vars \'{"lake": {"<table>": "<metadata file>"}}\''
            ) }}
        {% endif %}
    {% endif %}
{% endmacro %}
