{{ accepted_rows('transactions') }}
