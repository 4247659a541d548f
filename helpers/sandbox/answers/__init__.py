"""The calls that the sandbox answers itself, and the way to moto for all others."""
