{{ typed_rows('surveys') }}
