"""The warehouse's own code: files in, judged, published, read. It knows neither Dagster nor dbt."""
