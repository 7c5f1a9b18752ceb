{{ ranked_versions('interactions') }}
