"""Dagster's side of the warehouse: one file per noun, all of it thin. The work is in `crm/`."""
