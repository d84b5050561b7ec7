"""From a request to an actor and a checked form, and back to a page or a problem."""
