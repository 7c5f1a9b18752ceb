"""Tables of databases into landing files."""
