{{ ranked_versions('products') }}
