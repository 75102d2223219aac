"""What people see of rows and codes: words, blocks, citations and the findings of server tools."""
