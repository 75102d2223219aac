"""How rows and codes are shown to people: texts, blocks, citations and results of server tools."""
