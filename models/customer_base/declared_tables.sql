{{ declared_tables() }}
