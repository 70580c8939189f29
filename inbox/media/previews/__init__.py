"""Previews of stored files: started here, drawn in the sandbox by `inbox.media.sandboxed.previews`."""
