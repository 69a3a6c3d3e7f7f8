"""Files that are wrong in every way we know of, made in memory, with what must become of them."""
