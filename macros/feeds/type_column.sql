{# How one delivered text becomes a typed value, and what can be wrong with it. `text` is the cleaned
   text (null tokens are null, blanks trimmed). A value that does not fit is null, never rounded, and
   a null from a text is always a fault: `column_faults` says which. #}

{% macro typed_value(column, text, time_zone) -%}
    {%- set type = column.data_type -%}
    {%- if type == 'string' -%}
        {{ composed(text) }}
    {%- elif type.startswith('decimal') or type == 'bigint' -%}
        {%- set scale = type.split(',')[1].rstrip(')') | int if ',' in type else 0 -%}
        {%- set fraction = '[.][0-9]{0,' ~ scale ~ '}0*' if scale else '[.]0*' -%}
        case
            when {{ matches(text, '^[+-]?[0-9]+(' ~ fraction ~ ')?$') }}
                then try_cast({{ 'try_cast(' ~ text ~ ' as decimal(18,0))' if type == 'bigint' else text }} as {{ type }})
        end
    {%- elif type == 'timestamp' -%}
        case
            when {{ matches(text, timestamp_shape() ~ '$') }}
                then {{ local_to_utc('try_cast(' ~ text ~ ' as timestamp)', time_zone) if time_zone != 'UTC' else 'try_cast(' ~ text ~ ' as timestamp)' }}
            when {{ matches(text, timestamp_shape() ~ offset_shape() ~ '$') }}
                then {{ offset_text_to_utc(text) }}
        end
    {%- elif type == 'date' -%}
        case when {{ matches(text, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$') }} then try_cast({{ text }} as date) end
    {%- elif type == 'boolean' -%}
        case
            when lower({{ text }}) in ('true', 't', 'yes', 'y', '1') then true
            when lower({{ text }}) in ('false', 'f', 'no', 'n', '0') then false
        end
    {%- else -%}
        {{ exceptions.raise_compiler_error('The feed contract uses the data type ' ~ type ~ ' for ' ~ column.name ~ ', which no rule casts. Use string, bigint, decimal(p,s), date, timestamp or boolean.') }}
    {%- endif -%}
{%- endmacro %}

{% macro timestamp_shape() -%}
    {%- set clock = '([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?' -%}
    {{ return('^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]' ~ clock ~ ')?') }}
{%- endmacro %}

{# Offsets that exist: casts take any and would move an instant by days. #}
{% macro offset_shape() -%}
    {{ return('(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)') }}
{%- endmacro %}

{# The date of an instant as its system's calendar has it. #}
{% macro business_day(text, value, time_zone) -%}
    case
        when {{ matches(text, timestamp_shape() ~ '$') }} then try_cast(substr({{ text }}, 1, 10) as date)
        else cast({{ utc_to_local(value, time_zone) }} as date)
    end
{%- endmacro %}

{# The rule that a column breaks first; null where it breaks none. #}
{% macro first_fault(column, text, value) -%}
    {%- set faults = column_faults(column, text, value) -%}
    {%- if faults -%}
        case
            {%- for fault in faults %}
            when {{ fault.when }} then '{{ fault.rule }}'
            {%- endfor %}
        end
    {%- else -%}
        cast(null as string)
    {%- endif -%}
{%- endmacro %}

{# What can be wrong with a column, as a list of {when: condition, rule: name}; the first that holds
   names the fault. `value` is the typed column, `delivered_at` the instant of the delivery. #}
{% macro column_faults(column, text, value) -%}
    {%- set type = column.data_type -%}
    {%- set meta = column.config.meta or {} -%}
    {%- set faults = [] -%}
    {%- if meta.required -%}
        {%- do faults.append({'when': text ~ ' is null', 'rule': 'required'}) -%}
    {%- endif -%}
    {%- if type == 'string' -%}
        {%- do faults.append({'when': 'instr(' ~ text ~ ', chr(0)) > 0', 'rule': 'nul_byte'}) -%}
        {%- if meta.pattern -%}
            {%- do faults.append({'when': 'not ' ~ matches(value, meta.pattern), 'rule': 'not_of_the_form'}) -%}
        {%- endif -%}
        {%- if meta.allowed_from -%}
            {%- do faults.append({'when': value ~ ' not in (select a.' ~ column.name ~ ' from ' ~ ref(meta.allowed_from) ~ ' as a)', 'rule': 'not_allowed'}) -%}
        {%- endif -%}
    {%- else -%}
        {%- set unread = text ~ ' is not null and ' ~ value ~ ' is null' -%}
        {%- if type.startswith('decimal') or type == 'bigint' -%}
            {%- set is_number = matches(text, '^[+-]?[0-9]+([.][0-9]*)?$') -%}
            {%- do faults.append({'when': unread ~ ' and not ' ~ is_number, 'rule': 'not_a_number'}) -%}
            {%- do faults.append({'when': unread ~ ' and try_cast(' ~ text ~ ' as ' ~ ('decimal(18,0)' if type == 'bigint' else type) ~ ') is not null', 'rule': 'too_many_decimals'}) -%}
            {%- do faults.append({'when': unread, 'rule': 'out_of_range'}) -%}
        {%- else -%}
            {%- do faults.append({'when': unread, 'rule': 'not_a_' ~ type}) -%}
        {%- endif -%}
        {%- set typed = 'cast(' ~ "'{}'" ~ ' as ' ~ type ~ ')' -%}
        {%- if meta.min is defined -%}
            {%- do faults.append({'when': value ~ ' < ' ~ typed.format(meta.min), 'rule': 'out_of_range'}) -%}
        {%- endif -%}
        {%- if meta.max is defined -%}
            {%- do faults.append({'when': value ~ ' > ' ~ typed.format(meta.max), 'rule': 'out_of_range'}) -%}
        {%- endif -%}
        {%- if meta.in_time -%}
            {%- do faults.append({'when': 'cast(' ~ value ~ ' as date) > ' ~ add_days('cast(delivered_at as date)', 1), 'rule': 'in_the_future'}) -%}
        {%- endif -%}
    {%- endif -%}
    {{ return(faults) }}
{%- endmacro %}
