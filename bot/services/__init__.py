"""The services, free of Discord: monitors, incidents, delivery, boards, reports."""
