-- What else the company knows of the customers of one batch: what it wrote to them, what they say
-- when asked, what they signed, how they were won, what they spend elsewhere.

create view campaign_contacts as
select
    format('K{}', contact_no) as contact_id,
    campaign_id,
    customer_id_of(i) as customer_id,
    at_second(first_day, 28800 + whole('sent', contact_no, 3600)) as contacted_at,
    'e-mail' as channel,
    if(percent > 0, 'discount', campaign_kind) as offer_kind,
    if(percent > 0, campaign_id, null) as offer_id,
    is_control,
    case
        when is_control then null
        when is_won then 'responded'
        when draw('opened', contact_no) < 0.02 then 'bounced'
        when draw('opened', contact_no) < 0.03 then 'unsubscribed'
        when draw('opened', contact_no) < 0.12 then 'clicked'
        when draw('opened', contact_no) < 0.40 then 'opened'
        else 'none'
    end as response,
    if(is_won, at_second(won_day, 1), null) as responded_at,
    if(is_won, order_id_of(won_order_no), null) as order_id,
    if(is_control, 0, 0.15)::decimal(18, 2) as cost_amount,
    'GBP' as currency,
    coalesce(responded_at, contacted_at) + to_days(1) as updated_at,
from contacts;

-- A customer in twenty answers each quarter, half of them on what the relation gives and costs,
-- half on loyalty. Answers follow the latent satisfaction, less what an incident of the year before
-- took.
create view surveys as
with asked as (
    select
        batch.*,
        unnest(range(10)) as quarter,
        i * 16 + quarter as response_no,
        quarter * 91 + whole('answered', response_no, 90) as day,
    from batch
    where kind <> 'duplicate' and not is_unlisted
),

feeling as (
    select
        asked.i, response_no, day,
        satisfaction - coalesce([0, 0.5, 1.5][incidents.incident_speed], 0) as mood,
    from asked
    left join incidents
        on asked.i = incidents.i and day > incident_day and day <= incident_day + 365
    where draw('survey', response_no) < 0.05 and day >= registered_day
),

questions as (
    select
        *,
        unnest(['nps', 'csat'] || if(
            response_no % 2 = 0,
            [
                'benefit_product', 'benefit_service', 'benefit_personnel', 'benefit_image',
                'cost_money', 'cost_time', 'cost_energy', 'cost_mental'
            ],
            [
                'need_satisfaction', 'attention', 'price', 'rivals', 'recognition',
                'quality_tolerance', 'care_search', 'care_experience', 'care_credence'
            ]
        )) as question_id,
        mood + 0.6 * normal(question_id, response_no) as said,
        -- costs, rivals and the price weigh less on those who are content
        if(question_id[:4] = 'cost' or question_id in ('price', 'rivals'), -said, said) as leaning,
    from feeling
)

select
    format('A{}', response_no) as response_id,
    question_id,
    customer_id_of(i) as customer_id,
    'relationship' as survey_id,
    at_second(day, 36000 + whole('answered at', response_no, 36000)) as answered_at,
    case question_id
        when 'nps' then least(10, greatest(0, round(7.3 + 1.6 * leaning)))
        when 'need_satisfaction' then least(100, greatest(0, 5 * round(11 + 3 * leaning)))
        else least(5, greatest(1, round(3.2 + 0.8 * leaning)))
    end::bigint as score,
    case
        when question_id <> 'nps' or draw('comment', response_no) > 0.2 then null
        when score >= 9 then 'Always a pleasure. 很满意'
        when score <= 4 then 'I waited far too long.'
        else 'Fine.'
    end as answer_text,
    answered_at as updated_at,
from questions;

-- Yearly contracts that are renewed or not; who stops buying gives notice.
create view service_contracts as
with signed as (
    select
        i, is_organisation, currency_no, change_kind, change_day,
        open_day + whole('signed', i, 200) as first_day,
        1 + floor(waiting('renewed', i) / -ln(0.75))::bigint as planned_terms,
    from batch
    where
        kind in ('organisation', 'person') and not is_unlisted
        and behaviour not in ('one_time', 'prospect', 'hunter')
        and draw('contract', i) < if(is_organisation, 0.5, 0.05)
),

terms as (
    select
        *,
        unnest(range(least(3, planned_terms))) as term,
        first_day + term * 365 as start_day,
        -- some do not wait for the end of their last term
        case
            when change_kind = 'stops' and change_day between start_day + 1 and start_day + 364
                then change_day
            when term + 1 = least(3, planned_terms) and draw('notice', i) < 0.3
                then start_day + 60 + whole('notice day', i, 280)
        end as known_notice_day,
        if(known_notice_day < getvariable('days'), known_notice_day, null) as notice_day,
    from signed
)

select
    format('V{}-{}', i, 1 + term) as contract_id,
    customer_id_of(i) as customer_id,
    if(is_organisation, 'supply agreement', 'tea subscription') as contract_kind,
    format('{:05d}', 100 + 7 * whole('contract product', i, 96)) as product_id,
    on_day(start_day) as starts_on,
    on_day(start_day + 364) as ends_on,
    on_day(notice_day) as terminated_on,
    if(is_organisation, 90, 30) as notice_days,
    if(is_organisation, 12, 1) as billing_months,
    (if(is_organisation, 1200 + 100 * whole('fee', i, 40), 12)
        * [1.0, 1.2, 9.2][1 + currency_no])::decimal(18, 2) as amount,
    ['GBP', 'EUR', 'CNY'][1 + currency_no] as currency,
    at_second(coalesce(notice_day, start_day), 43200) as updated_at,
from terms
where
    start_day < getvariable('days')
    and (change_kind is null or change_kind <> 'stops' or start_day < change_day);

-- Two in five of those who registered in the time of the history were leads before; prospects still
-- are, or said no; and a tenth as many more never became a record.
create view leads as
with found as (
    select
        *,
        behaviour = 'prospect' as is_prospect,
        registered_day - 10 - whole('lead', i, 50) as created_day,
    from batch
    where
        kind in ('organisation', 'person') and not is_unlisted and registered_day > 60
        and (behaviour = 'prospect' or draw('was lead', i) < 0.4)
    union all by name
    select
        i, null as kind, true as is_prospect, is_organisation,
        whole('lead day', i, 840) as created_day,
    from batch
    where place % 10 = 4
),

staged as (
    select
        *,
        if(is_prospect, created_day + whole('stage day', i, 60), registered_day) as stage_day,
        if(
            is_prospect,
            one_of(
                [
                    'new', 'contacted', 'qualified', 'proposal', 'negotiation', 'lost', 'lost',
                    'refused'
                ],
                'stage',
                i
            ),
            'won'
        ) as lead_stage,
    from found
)

select
    format('L{}{}', i, if(kind is null, 'x', '')) as lead_id,
    if(kind is null, null, customer_id_of(i)) as customer_id,
    at_second(created_day, 32400 + whole('lead time', i, 30000)) as created_at,
    one_of(['fair', 'website', 'recommendation', 'cold call'], 'lead channel', i) as source_channel,
    lead_stage,
    at_second(stage_day, 64800) as stage_changed_at,
    case lead_stage
        when 'lost' then one_of(['price', 'rival', 'no budget'], 'lost', i)
        when 'refused' then 'does not want to'
    end as lost_reason,
    least(1, greatest(0, 0.5 + 0.2 * normal('fit', i) + if(lead_stage = 'won', 0.15, 0)))
        ::decimal(9, 3) as fit_score,
    (if(is_organisation, 3000, 200) * spread('expected', i, 0.6))::decimal(18, 2)
        as expected_amount,
    (if(is_organisation, 220, 14) * spread('acquisition', i, 0.4))::decimal(18, 2)
        as acquisition_cost,
    'GBP' as currency,
    stage_changed_at as updated_at,
from staged;

-- What customers spend in a year with whomever. Our share of it is planted: truth/wallets.
create view wallets as
select
    i,
    0.2 + 0.7 * draw('wallet', i) as wallet_share,
    coalesce(unit_rate * getvariable('pace') * 365, 1) * if(is_organisation, 480, 95) as our_part,
    is_organisation,
from batch
where
    kind in ('organisation', 'person') and not is_unlisted and behaviour in ('bgnbd', 'regular')
    and draw('estimate', i) < if(is_organisation, 0.5, 0.06);

create view wallet_estimates as
with estimated as (
    select
        *,
        unnest(if(is_organisation, [-1, whole('favourite', i, 8)], [-1])) as category_no,
    from (select *, unnest([380, 745]) as day from wallets)
)

select
    customer_id_of(i) as customer_id,
    coalesce(categories.category, 'all') as category,
    on_day(day) as estimated_on,
    if(is_organisation, 'salesperson', 'survey') as estimate_source,
    (our_part / wallet_share * if(category is null, 1, 0.45) * if(day > 700, 1.05, 1))
        ::decimal(18, 0) as wallet_amount,
    'GBP' as currency,
    at_second(day, 50400) as updated_at,
from estimated
left join categories using (category_no);

-- What a clerk decided of two records: namesakes that are two people, records of one person that
-- little connects, and an id with a typing error, which decides nothing.
create view link_decisions as
select
    'standard' as customer_system,
    customer_id_of(i) as customer_id,
    'standard' as other_system,
    case
        when kind = 'duplicate' then customer_id_of(who)
        when block % 4 = 1 then customer_id_of(i - 1)
        else customer_id_of(i) || '7'
    end as other_customer_id,
    if(kind = 'duplicate' or block % 4 = 3, 'same', 'different') as decision,
    case
        when kind = 'duplicate' then 'asked on the telephone'
        when block % 4 = 1 then 'two people of one name'
    end as decision_reason,
    on_day(700 + whole('decided', i, 200)) as decided_on,
    at_second(700 + whole('decided', i, 200), 57600) as updated_at,
from batch
where (place = 27 and block % 2 = 1) or (place = 25 and block % 5 = 2);
