"""Cards of the area page."""
