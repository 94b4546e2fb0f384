"""The stand-in's REST API: routes, and what every call goes through before and after."""
