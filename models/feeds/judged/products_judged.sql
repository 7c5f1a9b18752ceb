{{ judge_feed('products') }}
