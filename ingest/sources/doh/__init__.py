"""Department of Health."""
