"""Pictures in the form and the size that models need."""
