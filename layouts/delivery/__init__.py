"""How pages and their files leave: kept, compressed, and told apart by address."""
