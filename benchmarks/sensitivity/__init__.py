"""What the simulated answer hangs on: docs/sensitivity.md has it on a page. All of it is "what if" inside a model."""
