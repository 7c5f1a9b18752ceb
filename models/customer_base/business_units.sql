{{ declared_business_units() }}
