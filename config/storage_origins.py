"""Where the signed addresses of an S3 bucket lead, for the content security policy."""

from __future__ import annotations

from urllib.parse import urlsplit


def storage_origins(bucket: str, region: str, endpoint: str) -> list[str]:
    """The origins that may serve files of this bucket; none without a bucket, when we serve them ourselves.

    ``endpoint`` is the address of an S3-compatible server that has the bucket in its paths, or empty for AWS. Other
    arrangements (a bucket in the endpoint's host name) name their origin in MEDIA_ORIGINS.
    """
    if not bucket:
        return []
    if endpoint:
        parts = urlsplit(endpoint)
        return [f"{parts.scheme}://{parts.netloc}"]
    if "." in bucket:  # no certificate covers such a host name, so boto3 puts the bucket into the path
        return [f"https://s3.{region}.amazonaws.com", "https://s3.amazonaws.com"]
    return [f"https://{bucket}.s3.{region}.amazonaws.com", f"https://{bucket}.s3.amazonaws.com"]
