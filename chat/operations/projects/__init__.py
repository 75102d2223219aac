"""Projects: their content, their documents, and the people with whom they are shared."""
