"""The audit log: entries chained per case, sealed into one Merkle log with signed heads."""
