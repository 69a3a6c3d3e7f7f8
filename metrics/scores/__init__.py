"""How good intervals were: proper scores, coverage, calibration."""
