{{ judged_rows('service_contracts') }}
