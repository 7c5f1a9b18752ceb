{{ typed_rows('customers') }}
