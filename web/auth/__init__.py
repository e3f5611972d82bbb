"""How people come in: passwords, login links, sessions, and what slows guessing down."""
