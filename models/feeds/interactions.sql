{{ accepted_rows('interactions') }}
