"""Rules of the national task force on emerging diseases."""
