{#  Fails for each row whose column is greater than the other column.  #}
{% test not_after(model, column_name, other_column) %}

select {{ column_name }}, {{ other_column }}
from {{ model }}
where {{ column_name }} > {{ other_column }}

{% endtest %}
