"""The networks: what they are, where they come from, and the bytes that were checked before anyone runs them."""
