"""Sources of the Occupational Safety and Health Administration of the United States."""
