"""What case counts alone can tell of an epidemic, by area and day."""
