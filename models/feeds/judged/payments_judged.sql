{{ judged_rows('payments') }}
