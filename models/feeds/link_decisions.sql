{{ accepted_rows('link_decisions') }}
