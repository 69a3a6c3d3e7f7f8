"""R as a random walk on a grid."""
