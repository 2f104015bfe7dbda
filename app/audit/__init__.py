"""Who did what to whom: one row in the transaction it describes, chained by one sealer afterwards."""
