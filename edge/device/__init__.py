"""A pilot device: source, lanes, reader and door in one loop, with a journal that survives a pulled plug."""
