"""Every chart and state with plain and with extreme figures, to be looked at; for development."""
