"""Who infected whom: traceability, serial intervals and offspring of linked pairs."""
