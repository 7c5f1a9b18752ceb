{{ judged_rows('link_decisions') }}
