"""Sources that speak of many countries: COVID-19 by country and day."""
