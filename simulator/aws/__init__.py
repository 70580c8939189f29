"""The simulated AWS End User Messaging Social, and the topic that it publishes to."""
