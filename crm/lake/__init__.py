"""The raw lake: from the landing folder to immutable files and SQL views over them."""
