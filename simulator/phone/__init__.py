"""The phone page, on which a person plays the customer."""
