"""All that speaks to Discord outside commands: client, transports, errors, limits, permissions."""
