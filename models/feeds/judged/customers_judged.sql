{{ judge_feed('customers') }}
