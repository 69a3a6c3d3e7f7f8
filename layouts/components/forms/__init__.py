"""Forms, what they came to, and what they are about: roles, exact figures."""
