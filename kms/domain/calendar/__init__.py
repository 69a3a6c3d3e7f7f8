"""Ways to count days that are not the calendar's own."""
