"""The warehouse's own code: files in, judged, published, read. Nothing here knows Dagster or dbt."""
