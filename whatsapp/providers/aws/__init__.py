"""AWS End User Messaging Social: Meta's messages through AWS's API, events by SNS or SQS."""
