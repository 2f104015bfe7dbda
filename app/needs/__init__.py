"""What families need (诉求、困难), what became of it, and what they think of the federation."""
