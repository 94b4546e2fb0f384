"""What Vigie does, free of Discord: monitors, verdicts, incidents, delivery."""
