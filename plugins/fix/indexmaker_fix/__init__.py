"""FIX gateway: FIX semantics for index orders, in JSON over WebSocket."""
