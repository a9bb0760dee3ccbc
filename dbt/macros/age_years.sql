{#
    Completed years from a birth date's parts to a date. A birth of which only
    the year is known counts as of 1 January. DuckDB and Athena count years
    differently in date_diff (one counts New Years), hence the arithmetic.
#}
{% macro age_years(year, month, day, at) -%}
    cast(floor((
        extract(year from {{ at }}) * 10000
        + extract(month from {{ at }}) * 100
        + extract(day from {{ at }})
        - {{ year }} * 10000
        - coalesce({{ month }}, 1) * 100
        - coalesce({{ day }}, 1)
    ) / 10000.0) as integer)
{%- endmacro %}
