"""Who acts: accounts, tokens, and the actor that every write is asked of."""
