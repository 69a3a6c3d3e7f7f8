"""The Dash front end: frozen views in, pages out; it never sees SQL."""
