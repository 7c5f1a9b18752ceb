"""The published versions: made, swapped in, read, rolled back."""
