"""Sources of the International Labour Organization and of Eurostat."""
