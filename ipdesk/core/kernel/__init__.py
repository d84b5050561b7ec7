"""The words every other part is built from: time, identity, errors, stable bytes."""
