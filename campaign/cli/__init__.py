"""The command line: set-up, embedded servers, the supervisor, and one module per command."""
