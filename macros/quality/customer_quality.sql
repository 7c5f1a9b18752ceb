{# What keeps a delivered value of a customer record from being used, by attribute: `r` is its row of
   customer_records, `type` the customer's type. Any value of other attributes can be used. #}
{% macro value_fault(attribute, r, type) -%}
    case {{ attribute }}
        when 'email' then
            case
                when {{ r }}.is_placeholder_email then 'placeholder_email'
                when {{ r }}.clean_email is null then 'no_email_address'
                -- An organisation is rightly written to at a mailbox of a role.
                when {{ r }}.is_role_email and {{ type }} <> 'organisation' then 'role_mailbox'
            end
        {%- for kind in ['phone', 'mobile', 'fax'] %}
        when '{{ kind }}' then
            case when {{ r }}.{{ kind }}_e164 is null then 'no_phone_number' end
        {%- endfor %}
        when 'tax_code' then
            case when {{ r }}.clean_tax_code is null then 'wrong_tax_code' end
        when 'birth_date' then
            case when {{ r }}.clean_birth_date is null then 'placeholder_date' end
        when 'country' then
            case when {{ r }}.country_code is null then 'unknown_country' end
    end
{%- endmacro %}

{# The bands of a kind begin where the one before ends, and only the last has no end. #}
{% test bands_follow_each_other(model, kind) %}
select *
from (
    select
        {{ kind }},
        from_value,
        to_value,
        lead(from_value) over (partition by {{ kind }} order by from_value) as next_from
    from {{ model }}
) as bands
where from_value > to_value
    or next_from is distinct from to_value + 1
{% endtest %}
