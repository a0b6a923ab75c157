"""HTTP and WebSocket faces of the engines."""
