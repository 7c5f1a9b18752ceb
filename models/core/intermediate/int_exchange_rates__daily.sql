with

exchange_rates as (
    select * from {{ ref('exchange_rates') }}
),

core_settings as (
    select * from {{ ref('core_settings') }}
),

clock as (
    select * from {{ ref('clock') }}
),

-- Of several systems that tell a rate of one day, the most trusted is believed.
believed as (
    select *
    from (
        select
            r.rate_on,
            r.from_currency,
            r.to_currency,
            cast(r.exchange_rate as double) as exchange_rate,
            row_number() over (
                partition by r.rate_on, r.from_currency, r.to_currency
                order by {{ trust_rank('r.system', 'exchange_rates') }} desc, r.system asc
            ) as preference
        from exchange_rates as r
        cross join clock as c
        where r.rate_on <= c.as_of_date
    ) as ranked
    where preference = 1
),

-- Into the reporting currency: as quoted, as its inverse, or through a third currency in which both
-- are quoted that day.
quoted as (
    select
        b.from_currency as currency,
        b.rate_on,
        b.exchange_rate,
        1 as way
    from believed as b
    inner join clock as c
        on b.to_currency = c.reporting_currency
    union all
    select
        b.to_currency as currency,
        b.rate_on,
        1 / b.exchange_rate as exchange_rate,
        2 as way
    from believed as b
    inner join clock as c
        on b.from_currency = c.reporting_currency
    union all
    select
        b.to_currency as currency,
        b.rate_on,
        min(r.exchange_rate / b.exchange_rate) as exchange_rate,
        3 as way
    from believed as b
    inner join believed as r
        on b.from_currency = r.from_currency
        and b.rate_on = r.rate_on
    inner join clock as c
        on r.to_currency = c.reporting_currency
    where b.to_currency <> c.reporting_currency
    group by b.to_currency, b.rate_on
),

chosen as (
    select *
    from (
        select
            q.currency,
            q.rate_on,
            q.exchange_rate,
            row_number() over (partition by q.currency, q.rate_on order by q.way) as preference
        from quoted as q
        inner join clock as c
            on q.currency <> c.reporting_currency
    ) as ranked
    where preference = 1
),

-- Rates are not quoted on every day: the last one holds until the next, but not for ever.
spans as (
    select
        h.currency,
        h.rate_on as quoted_on,
        h.exchange_rate,
        least(
            coalesce(
                {{ add_days(
                    'lead(h.rate_on) over (partition by h.currency order by h.rate_on)', -1
                ) }},
                c.as_of_date
            ),
            {{ add_days('h.rate_on', 's.exchange_rate_max_age_days') }},
            c.as_of_date
        ) as valid_to
    from chosen as h
    cross join core_settings as s
    cross join clock as c
),

days as (
    {{ days_from_to('(select min(quoted_on) from spans)', '(select max(valid_to) from spans)') }}
)

select
    s.currency,
    d.date_on as rate_on,
    s.quoted_on,
    cast(s.exchange_rate as decimal(20, 12)) as exchange_rate
from spans as s
inner join days as d
    on d.date_on between s.quoted_on and s.valid_to
