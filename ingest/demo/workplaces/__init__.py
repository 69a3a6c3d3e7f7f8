"""Synthetic workplaces: establishments, their inspections, the inspection files."""
