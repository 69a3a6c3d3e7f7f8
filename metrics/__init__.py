"""Statistics for epidemics and workplaces: arrays in, frozen dataclasses out."""
