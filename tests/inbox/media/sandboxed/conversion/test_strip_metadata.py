from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.media.sandboxed.conversion.strip_metadata import DamagedError, strip_jpeg, strip_png, strip_webp
from tests import samples
from tests.conversions import whole_exif

JPEG = samples.picture("JPEG", (40, 30), exif=whole_exif(), progressive=True)
PNG = samples.picture("PNG", (40, 30), exif=whole_exif())
WEBP = samples.picture("WEBP", (40, 30), exif=whole_exif())
FILES = ((strip_jpeg, JPEG), (strip_png, PNG), (strip_webp, WEBP))


class StripTests:
    @pytest.mark.parametrize(("strip", "content"), FILES)
    def test_doing_it_twice_changes_nothing(self, strip: object, content: bytes) -> None:
        assert callable(strip)
        clean = strip(content)
        assert len(clean) < len(content)
        assert strip(clean) == clean

    @pytest.mark.parametrize(("strip", "content"), FILES)
    def test_every_cut_is_noticed(self, strip: object, content: bytes) -> None:
        assert callable(strip)
        for length in range(len(content) - 1):
            with pytest.raises(DamagedError):
                strip(content[:length])

    def test_a_webp_header_of_no_length_is_noticed(self) -> None:
        empty = WEBP[:16] + bytes(4) + WEBP[20:]
        assert empty[12:16] == b"VP8X"
        with pytest.raises(DamagedError):
            strip_webp(empty)

    @given(st.data())
    def test_no_bytes_make_it_fail_in_another_way(self, data: st.DataObject) -> None:
        strip, content = data.draw(st.sampled_from(FILES))
        changed = bytearray(content)
        for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=8)):
            changed[place] = data.draw(st.integers(0, 255))
        try:
            clean = strip(bytes(changed))
        except DamagedError:
            return
        assert len(clean) <= len(changed)
