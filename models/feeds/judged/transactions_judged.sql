-- depends_on: {{ ref('line_kinds') }}
{{ judge_feed('transactions') }}
