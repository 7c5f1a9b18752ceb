{{ judged_rows('products') }}
