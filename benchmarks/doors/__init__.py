"""All ways in, side by side, at one simulated entrance: docs/lanes.md has the model on a page."""
