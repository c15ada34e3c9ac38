"""A pilot with adult volunteers, before it begins: who goes which way when, and what each day can show."""
