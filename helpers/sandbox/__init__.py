"""The pretend AWS that the notebooks talk to by default: moto's resources, IAM's own decisions, on 127.0.0.1."""
