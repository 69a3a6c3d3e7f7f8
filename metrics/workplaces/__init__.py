"""Risk at work: injury rates, small sectors, inspections, and who stands out."""
