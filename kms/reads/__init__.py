"""Read models: (store, request) to a frozen view, one for each page, brief and endpoint."""
