"""How fast an infection passes on: reproduction numbers and what they rest on."""
