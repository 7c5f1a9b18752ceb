{{ accepted_rows('product_families') }}
