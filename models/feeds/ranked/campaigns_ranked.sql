{{ ranked_versions('campaigns') }}
