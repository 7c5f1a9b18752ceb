{# Words that several systems' adapters need. Only what renames a value or brings it into the feed's
   terms: what a value may be is the feed's contract. #}

{# A delivered text as money, so that it can be added: text that is no number is null and so held back. #}
{% macro money(text) -%}
    try_cast({{ text }} as decimal(18, 4))
{%- endmacro %}

{# A text, or null where only blanks stand. #}
{% macro filled(text) -%}
    nullif(trim({{ text }}), '')
{%- endmacro %}

{# A customer's id for sources that know a customer by the e-mail address alone: a pseudonym, since an
   address itself must never become a key that readers see. #}
{% macro pseudonym_of(email) -%}
    md5(nullif(lower(trim({{ email }})), ''))
{%- endmacro %}

{# The part of an order's amount that falls on one line, to four decimals: what the lines up to this one
   bear, less what the lines before it bear, so that the parts add up to the amount to the last digit.
   `weight` is the line's, `weights` the order's, `weights_so_far` the sum up to and with the line. #}
{% macro part_on_line(amount, weight, weights_so_far, weights) -%}
    coalesce(
        cast(round(
            cast({{ amount }} as double)
            * cast({{ weights_so_far }} as double) / nullif(cast({{ weights }} as double), 0),
            4
        ) as decimal(18, 4))
        - cast(round(
            cast({{ amount }} as double)
            * cast({{ weights_so_far }} - {{ weight }} as double)
            / nullif(cast({{ weights }} as double), 0),
            4
        ) as decimal(18, 4)),
        0
    )
{%- endmacro %}

{# What of a Stripe charge was not paid back. Nothing paid back leaves the text as delivered. #}
{% macro stripe_amount() -%}
    {%- set amount = adapter.quote('Amount') -%}
    {%- set refunded = adapter.quote('Amount Refunded') -%}
    case
        when coalesce({{ money("replace(" ~ refunded ~ ", ',', '')") }}, 0) = 0 then {{ amount }}
        else cast(
            {{ money("replace(" ~ amount ~ ", ',', '')") }}
            - {{ money("replace(" ~ refunded ~ ", ',', '')") }}
            as string
        )
    end
{%- endmacro %}

{# A Stripe charge that no money came of, or none stayed of. Only what is known to be paid is taken:
   a status of tomorrow must not become a sale unseen. #}
{% macro stripe_is_unpaid() -%}
    case
        when {{ money("replace(" ~ adapter.quote('Amount Refunded') ~ ", ',', '')") }}
            >= {{ money("replace(" ~ adapter.quote('Amount') ~ ", ',', '')") }}
            then 'true'
        when lower({{ adapter.quote('Status') }}) in (
            'paid', 'succeeded', 'partially refunded', 'partially_refunded', 'disputed'
        )
        and lower(coalesce({{ adapter.quote('Captured') }}, 'true')) <> 'false'
            then 'false'
        else 'true'
    end
{%- endmacro %}
