{{ rows_as_delivered('standard', 'product_families') }}
