"""What runs beside the web server when one machine does it all: who they are, and who keeps them alive."""
