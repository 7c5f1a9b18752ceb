{{ accepted_rows('service_contracts') }}
