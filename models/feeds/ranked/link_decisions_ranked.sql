{{ ranked_versions('link_decisions') }}
