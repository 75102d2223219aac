"""The door for programs: JSON and event streams under /api/v1/, by the same operations as the browser's."""
