"""Synthetic hospitals and laboratories that follow the simulated epidemic."""
