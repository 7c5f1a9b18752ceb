{{ typed_rows('product_families') }}
