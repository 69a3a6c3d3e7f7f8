"""Department of Labor and Employment."""
