"""How fast counts grow: rates, doubling times, two-week figures."""
