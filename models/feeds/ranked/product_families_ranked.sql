{{ ranked_versions('product_families') }}
