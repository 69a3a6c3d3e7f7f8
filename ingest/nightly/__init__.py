"""The nightly work, when it is due, and how the machine is."""
