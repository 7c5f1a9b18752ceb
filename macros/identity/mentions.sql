{# The feeds that name a customer, beside the customers' own, and what dates a row of each. #}
{% macro feeds_naming_customers() -%}
    {{ return({
        'transactions': 'ordered_on',
        'payments': 'coalesce(issued_on, least(paid_on, due_on))',
        'interactions': 'opened_on',
        'campaign_contacts': "coalesce(contacted_on, responded_on, cast('1900-01-01' as date))",
        'surveys': 'answered_on',
        'web_events': 'occurred_on',
        'service_contracts': 'starts_on',
        'leads': 'created_on',
        'wallet_estimates': 'estimated_on',
    }) }}
{%- endmacro %}
