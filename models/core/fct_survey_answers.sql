with

surveys as (
    select * from {{ ref('surveys') }}
),

survey_questions as (
    select * from {{ ref('survey_questions') }}
),

customer_links as (
    select * from {{ ref('customer_links') }}
),

clock as (
    select * from {{ ref('clock') }}
)

select
    s.system,
    s.response_id,
    s.question_id,
    s.business_unit,
    coalesce(l.customer_key, {{ unattributed_key() }}) as customer_key,
    {{ product_key('s.system', 's.product_id') }} as product_key,
    s.answered_on,
    s.survey_id,
    q.construct,
    s.score,
    round(case
        when s.score between q.scale_min and q.scale_max and q.is_reversed
            then cast(q.scale_max - s.score as double) / cast(q.scale_max - q.scale_min as double)
        when s.score between q.scale_min and q.scale_max
            then cast(s.score - q.scale_min as double) / cast(q.scale_max - q.scale_min as double)
    end, 6) as score_ratio
from surveys as s
inner join clock as c
    on s.answered_on <= c.as_of_date
left join survey_questions as q
    on s.system = q.system
    and s.question_id = q.question_id
left join customer_links as l
    on s.system = l.system
    and s.customer_id = l.customer_id
