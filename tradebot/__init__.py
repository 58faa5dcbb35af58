"""One small daemon that guards a trader's open trades tick by tick."""
