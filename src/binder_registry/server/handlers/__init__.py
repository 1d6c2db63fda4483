"""The verbs: a few lines each, from a request to a reply."""
