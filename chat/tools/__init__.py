"""How a tool call is executed, whatever its kind, and the guard on everything that leaves this machine for one."""
