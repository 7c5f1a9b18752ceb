with

match_benchmarks as (
    select * from {{ ref('match_benchmarks') }}
)

select
    benchmark,
    records,
    true_pairs,
    found_pairs,
    right_pairs,
    precision,
    recall,
    f1,
    link_from,
    model_version
from match_benchmarks
