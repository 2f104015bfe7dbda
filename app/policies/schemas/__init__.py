"""Request and answer bodies: of policies (`library`), and of what they mean for people (`entitlements`)."""
