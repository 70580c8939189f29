"""The origins of a bucket's signed URLs, for the content security policy."""

from __future__ import annotations

from urllib.parse import urlsplit


def storage_origins(bucket: str, region: str, endpoint: str) -> list[str]:
    """The origins that may serve files of this bucket; none without a bucket, when we serve files ourselves.

    ``endpoint`` is the URL of an S3-compatible server with the bucket in the path, or empty for AWS. For anything else
    (a bucket in the endpoint's host name), set MEDIA_ORIGINS.
    """
    if not bucket:
        return []
    if endpoint:
        parts = urlsplit(endpoint)
        return [f"{parts.scheme}://{parts.netloc}"]
    if "." in bucket:  # no certificate covers such a host name, so boto3 uses a path instead
        return [f"https://s3.{region}.amazonaws.com", "https://s3.amazonaws.com"]
    return [f"https://{bucket}.s3.{region}.amazonaws.com", f"https://{bucket}.s3.amazonaws.com"]
