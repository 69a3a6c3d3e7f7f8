"""Pages on which stewards put data in by hand."""
