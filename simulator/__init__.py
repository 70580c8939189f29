"""A stand-in for WhatsApp, for development and training: Meta's Graph API on one side, a phone in a page on the other.

It is the outside world. It shares no table and no function with the product: the product calls it over HTTP exactly as
it calls Meta, and it posts signed webhooks to the product's real endpoint.
"""
