"""Sign certificates, and check who signed them."""
