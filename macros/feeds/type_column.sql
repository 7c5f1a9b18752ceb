{# How one delivered text becomes a typed value, and what can be wrong with it. `text` is the cleaned
   text (null tokens are null, blanks trimmed, numbers with a point). A value that does not fit is null,
   never rounded, and a null from a text is always a fault: `column_faults` says which. `meta` is what
   the table declares (table_meta). #}

{% macro typed_value(column, text, meta) -%}
    {%- set type = column.data_type -%}
    {%- if type == 'string' -%}
        {{ composed(text) }}
    {%- elif is_number_type(type) -%}
        {%- set scale = type.split(',')[1].rstrip(')') | int if ',' in type else 0 -%}
        {%- set fraction = '[.][0-9]{0,' ~ scale ~ '}0*' if scale else '[.]0*' -%}
        {%- set number = number_text(text, meta) -%}
        case
            when {{ matches(number, '^[+-]?[0-9]+(' ~ fraction ~ ')?$') }}
                then try_cast({{ 'try_cast(' ~ number ~ ' as decimal(18,0))' if type == 'bigint' else number }} as {{ type }})
        end
    {%- elif type == 'timestamp' -%}
        {%- set readings = [] -%}
        {%- for format in meta.date_formats -%}
            {%- do readings.append(instant_of(text, format, meta.time_zone)) -%}
        {%- endfor -%}
        {{ first_of(readings) }}
    {%- elif type == 'date' -%}
        {%- set readings = [] -%}
        {%- for format in meta.date_formats -%}
            {%- do readings.append(day_of(text, format)) -%}
        {%- endfor -%}
        {{ first_of(readings) }}
    {%- elif type == 'boolean' -%}
        case
            when lower({{ text }}) in ('true', 't', 'yes', 'y', '1') then true
            when lower({{ text }}) in ('false', 'f', 'no', 'n', '0') then false
        end
    {%- else -%}
        {{ exceptions.raise_compiler_error('The feed contract uses the data type ' ~ type ~ ' for ' ~ column.name ~ ', which no rule casts. Use string, bigint, decimal(p,s), date, timestamp or boolean.') }}
    {%- endif -%}
{%- endmacro %}

{% macro is_number_type(type) -%}
    {{ return(type.startswith('decimal') or type == 'bigint') }}
{%- endmacro %}

{% macro first_of(readings) -%}
    {{ readings[0] if readings | length == 1 else 'coalesce(' ~ readings | join(', ') ~ ')' }}
{%- endmacro %}

{# The instant that a text names in one declared format: `iso` (with or without an offset), seconds or
   milliseconds since 1970, or a pattern of strptime. Local times are read in the system's zone. #}
{% macro instant_of(text, format, time_zone) -%}
    {%- if format == 'iso' -%}
        case
            when {{ matches(text, timestamp_shape() ~ '$') }}
                then {{ as_utc('try_cast(' ~ text ~ ' as timestamp)', time_zone) }}
            when {{ matches(text, timestamp_shape() ~ offset_shape() ~ '$') }}
                then {{ offset_text_to_utc(with_seconds(text)) }}
        end
    {%- elif format in ('epoch_seconds', 'epoch_milliseconds') -%}
        case
            when {{ matches(text, '^[0-9]{1,15}([.][0-9]{1,6})?$') }}
                then {{ epoch_to_utc(text, 1000 if format == 'epoch_seconds' else 1) }}
        end
    {%- else -%}
        {{ as_utc(local_time_of(text, format), time_zone) }}
    {%- endif -%}
{%- endmacro %}

{# The day that a text names in one declared format. A time beside it is no fault where the format has
   one: systems write whole days as midnights. #}
{% macro day_of(text, format) -%}
    {%- if format == 'iso' -%}
        case when {{ matches(text, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$') }} then try_cast({{ text }} as date) end
    {%- elif format in ('epoch_seconds', 'epoch_milliseconds') -%}
        cast({{ instant_of(text, format, 'UTC') }} as date)
    {%- else -%}
        cast({{ local_time_of(text, format) }} as date)
    {%- endif -%}
{%- endmacro %}

{# A local time as an instant; null where the zone's clocks skip it. #}
{% macro as_utc(local_at, time_zone) -%}
    {%- if time_zone == 'UTC' -%}
        {{ local_at }}
    {%- else -%}
        {{ local_to_utc(local_at, time_zone) }}
    {%- endif -%}
{%- endmacro %}

{% macro timestamp_shape() -%}
    {%- set clock = '([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?' -%}
    {{ return('^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]' ~ clock ~ ')?') }}
{%- endmacro %}

{# Offsets that exist: casts take any and would move an instant by days. #}
{% macro offset_shape() -%}
    {{ return(' ?(Z|UTC|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)') }}
{%- endmacro %}

{# A text with an offset as casts want it: with seconds, no blank before the offset. #}
{% macro with_seconds(text) -%}
    {%- set minutes_only = '^(.{10}[ T][0-9]{2}:[0-9]{2}) ?(Z|UTC|[+-].*)$' -%}
    {{ replace_all(replace_all(replace_all(text, minutes_only, capture(1) ~ ':00' ~ capture(2)), ' ?UTC$', 'Z'), ' ([+-])', capture(1)) }}
{%- endmacro %}

{# The date of an instant as its system's calendar has it. #}
{% macro business_day(text, value, meta) -%}
    {%- if meta.date_formats == ['iso'] -%}
        case
            when {{ matches(text, timestamp_shape() ~ '$') }} then try_cast(substr({{ text }}, 1, 10) as date)
            else cast({{ utc_to_local(value, meta.time_zone) }} as date)
        end
    {%- else -%}
        cast({{ utc_to_local(value, meta.time_zone) }} as date)
    {%- endif -%}
{%- endmacro %}

{# The text of a number with a decimal point and no marks between groups of digits; null where it is not
   written as the table declares: a decimal comma, groups of three digits apart. #}
{% macro number_text(text, meta) -%}
    {%- set point = meta.decimal_mark -%}
    {%- set group = meta.group_mark -%}
    {%- set fraction = '([' ~ point ~ '][0-9]*)?$' -%}
    {%- if point == '.' and not group -%}
        {{ text }}
    {%- else -%}
        case
            when {{ matches(text, '^[+-]?[0-9]+' ~ fraction) }}
                then replace({{ text }}, {{ sql_text(point) }}, '.')
            {%- if group %}
            when {{ matches(text, '^[+-]?[0-9]{1,3}([' ~ group ~ '][0-9]{3})+' ~ fraction) }}
                then replace(replace({{ text }}, {{ sql_text(group) }}, ''), {{ sql_text(point) }}, '.')
            {%- endif %}
        end
    {%- endif -%}
{%- endmacro %}

{# Local times that the zone's clocks skip, or pass twice, in spring and autumn: {when: the text is a
   local time, local: as read}, per declared format. Clocks change at night, so that for the common
   format only the first hours of a day are looked at. #}
{% macro local_readings(text, meta) -%}
    {%- set readings = [] -%}
    {%- for format in meta.date_formats if meta.time_zone != 'UTC' -%}
        {%- if format == 'iso' -%}
            {%- do readings.append({
                'when': 'substr(' ~ text ~ ", 12, 2) < '05' and " ~ matches(text, timestamp_shape() ~ '$'),
                'local': 'try_cast(' ~ text ~ ' as timestamp)',
            }) -%}
        {%- elif format not in ('epoch_seconds', 'epoch_milliseconds') -%}
            {%- do readings.append({'when': 'true', 'local': local_time_of(text, format)}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(readings) }}
{%- endmacro %}

{% macro is_skipped_time(text, value, meta) -%}
    {%- for reading in local_readings(text, meta) -%}
        ({{ reading.when }} and {{ utc_to_local(value, meta.time_zone) }} <> {{ reading.local }})
        {{- ' or ' if not loop.last }}
    {%- else -%}
        false
    {%- endfor -%}
{%- endmacro %}

{% macro is_repeated_time(text, value, meta) -%}
    {%- for reading in local_readings(text, meta) -%}
        ({{ reading.when }} and {{ reading.local }} in (
            {{ utc_to_local(add_hours(value, 1), meta.time_zone) }},
            {{ utc_to_local(add_hours(value, -1), meta.time_zone) }}
        ))
        {{- ' or ' if not loop.last }}
    {%- else -%}
        false
    {%- endfor -%}
{%- endmacro %}

{# The rule that a column breaks first; null where it breaks none. #}
{% macro first_fault(contract, column, meta) -%}
    {%- set faults = column_faults(contract, column, meta) -%}
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

{# The condition under which a row withdraws its record and needs no more than the key. #}
{% macro is_withdrawal(contract, rows) -%}
    {%- if 'is_deleted' in contract.columns | map(attribute='name') -%}
        coalesce({{ rows }}.is_deleted, false)
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}

{# What can be wrong with a column of the rows `v`, as a list of {when: condition, rule: name}; the first
   that holds names the fault. `delivered_at` is the instant of the delivery. #}
{% macro column_faults(contract, column, table) -%}
    {%- set type = column.data_type -%}
    {%- set meta = column.config.meta or {} -%}
    {%- set text = 'v.text_' ~ column.name -%}
    {%- set value = 'v.' ~ column.name -%}
    {%- set faults = [] -%}
    {%- if meta.required and column.name in contract.meta.natural_key -%}
        {%- do faults.append({'when': text ~ ' is null', 'rule': 'required'}) -%}
    {%- elif meta.required -%}
        {%- do faults.append({'when': text ~ ' is null and not ' ~ is_withdrawal(contract, 'v'), 'rule': 'required'}) -%}
    {%- endif -%}
    {%- if type == 'string' -%}
        {%- do faults.append({'when': 'instr(' ~ text ~ ', chr(0)) > 0', 'rule': 'nul_byte'}) -%}
        {%- if meta.pattern -%}
            {%- do faults.append({'when': 'not ' ~ matches(value, meta.pattern), 'rule': 'not_of_the_form'}) -%}
        {%- endif -%}
        {%- if meta.allowed_from -%}
            {%- set seed = meta.allowed_from.split('.') -%}
            {%- do faults.append({'when': value ~ ' not in (select a.' ~ (seed[1] or column.name) ~ ' from ' ~ ref(seed[0]) ~ ' as a)', 'rule': 'not_allowed'}) -%}
        {%- endif -%}
    {%- else -%}
        {%- set unread = text ~ ' is not null and ' ~ value ~ ' is null' -%}
        {%- if is_number_type(type) -%}
            {%- set number = number_text(text, table) -%}
            {%- set is_number = 'coalesce(' ~ matches(number, '^[+-]?[0-9]+([.][0-9]*)?$') ~ ', false)' -%}
            {%- do faults.append({'when': unread ~ ' and not ' ~ is_number, 'rule': 'not_a_number'}) -%}
            {%- do faults.append({'when': unread ~ ' and try_cast(' ~ number ~ ' as ' ~ ('decimal(18,0)' if type == 'bigint' else type) ~ ') is not null', 'rule': 'too_many_decimals'}) -%}
            {%- do faults.append({'when': unread, 'rule': 'out_of_range'}) -%}
        {%- else -%}
            {%- do faults.append({'when': unread, 'rule': 'not_a_' ~ type}) -%}
            {%- if type == 'timestamp' and table.time_zone != 'UTC' -%}
                {%- do faults.append({'when': is_skipped_time(text, value, table), 'rule': 'skipped_by_the_clock'}) -%}
            {%- endif -%}
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
