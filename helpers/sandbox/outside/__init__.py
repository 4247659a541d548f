"""The sandbox as seen from outside: found, started, reached and controlled, without moto."""
