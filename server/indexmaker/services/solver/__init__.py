"""The solver's process: its engine on the runtime, its edges to plugins, its gRPC services."""
