"""JSON Schemas that the API takes: of answers and of tools."""
