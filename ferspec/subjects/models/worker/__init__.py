"""Run models in sandboxed processes of their own."""
