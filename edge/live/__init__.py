"""The lanes of a real door: tags and faces of people in the sealed store, each decision through the gate."""
