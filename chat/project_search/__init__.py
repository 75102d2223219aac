"""Search in the documents of a project, for models whose requests don't hold them whole."""
