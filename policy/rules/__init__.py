"""The rules, a file a subject; importing this registers them, in the order in which findings are listed."""

from importlib import import_module

SUBJECTS = (
    "bases", "biometrics", "consent", "persons", "purposes", "necessity", "minimisation", "accountability",
    "transparency", "roles", "contract", "security", "assessment", "transfer", "supervision", "camera", "ai", "former",
)  # fmt: skip

for _subject in SUBJECTS:
    import_module(f"policy.rules.{_subject}")
