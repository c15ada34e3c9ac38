"""How the bundled networks were trained; torch is needed here and nowhere else, and nothing else imports this."""
