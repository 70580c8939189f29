"""The demo inbox: believable conversations, sent through the simulator's phone and so through the real webhook path."""
