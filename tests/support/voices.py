"""Who hears whom: one tone for each party of a story.

None of them is in the music on hold (`test_no_voice_is_in_the_music`): a caller who still waits would seem to
hear the agent whenever the melody reaches that note.
"""

AGENT_HZ = 950
CALLER_HZ = 700
SUPERVISOR_HZ = 1250
COLLEAGUE_HZ = 1550
