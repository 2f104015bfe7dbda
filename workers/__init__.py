"""Everything that happens without anybody asking: resident loops over rows, and one schedule."""
