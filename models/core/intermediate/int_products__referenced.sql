with

interactions as (
    select * from {{ ref('interactions') }}
),

surveys as (
    select * from {{ ref('surveys') }}
),

web_events as (
    select * from {{ ref('web_events') }}
),

service_contracts as (
    select * from {{ ref('service_contracts') }}
),

campaign_offers as (
    select * from {{ ref('campaign_offers') }}
),

clock as (
    select * from {{ ref('clock') }}
)

select
    r.system,
    r.product_id
from interactions as r
inner join clock as c
    on r.opened_on <= c.as_of_date
where r.product_id is not null
union distinct
select
    r.system,
    r.product_id
from surveys as r
inner join clock as c
    on r.answered_on <= c.as_of_date
where r.product_id is not null
union distinct
select
    r.system,
    r.product_id
from web_events as r
inner join clock as c
    on r.occurred_on <= c.as_of_date
where r.product_id is not null
union distinct
select
    r.system,
    r.product_id
from service_contracts as r
inner join clock as c
    on r.starts_on <= c.as_of_date
where r.product_id is not null
union distinct
select
    r.system,
    r.product_id
from campaign_offers as r
where r.product_id is not null
