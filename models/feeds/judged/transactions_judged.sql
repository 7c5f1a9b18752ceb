{{ judged_rows('transactions') }}
