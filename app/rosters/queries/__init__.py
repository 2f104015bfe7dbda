"""Reading uploads (`imports`), who is registered (`registered`), and judging rows against it (`judging`)."""
