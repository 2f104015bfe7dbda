"""Reading policies (`library`), what is known of people (`persons`) and what follows (`entitlements`)."""
