"""The only SQL of the product: data store and operations store."""
