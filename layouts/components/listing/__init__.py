"""Lists that are sorted, filtered and paged on the server: links and a form, no script."""
