{{ judged_rows('product_families') }}
