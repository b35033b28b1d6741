"""Run untrusted programs in processes of their own, isolated as far as the system allows."""
