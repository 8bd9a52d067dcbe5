"""Upstreams that speak the dialects, just as far as official clients need it."""
