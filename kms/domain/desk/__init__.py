"""What pages may ask of ingestion on behalf of a person, and what they are told."""
