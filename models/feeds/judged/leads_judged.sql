{{ judged_rows('leads') }}
