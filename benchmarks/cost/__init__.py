"""What lanes cost: prices somebody puts in, one formula for all lanes, uncertainty carried through."""
