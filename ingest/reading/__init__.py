"""Reading CSV files in DuckDB: dates, fields, places, faults, the account of rows."""
