"""Files of people: uploads, their storage, and what is read from documents and pictures."""
