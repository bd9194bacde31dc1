"""The edge to callers: Asterisk's FastAGI connections, the scripts on them, and the words they say."""
