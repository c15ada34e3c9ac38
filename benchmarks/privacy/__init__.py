"""What lanes take of people: the vector from the processing record first, dominance next, one number last."""
