"""Report once: what the national platform wants leaves as a file that a clerk can hand in."""
