"""One file into Parquet, whatever its format."""
