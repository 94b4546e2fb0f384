"""What people see and use on Discord: one file per surface, named after it.

What all surfaces share:

- ``asking``: who asks, what they may do, and answers in time; ``audience``: who sees what
- ``buttons``, ``pages``, ``forms``: what is pressed, turned and typed, also after a restart
- ``choices``, ``monitor_option``, ``alert_places``, ``spans``, ``times_of_day``, ``days``: options
- ``channel_rights``: what stands between an alert and its channel, and what puts it right
- ``states``, ``incident_text``, ``uptime_text``, ``addresses``, ``lines``, ``colours``: wording
- ``discord_sink``, ``board_door``, ``failures``, ``lost_messages``: the services' way to Discord
"""
