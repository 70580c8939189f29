"""The simulator's addresses: Meta's Graph API, the control API, the phone page."""

from __future__ import annotations

from django.urls import re_path
from django.urls.resolvers import RegexPattern, URLResolver

from whatsapp.simulator import control, graph, graph_media, media

resolver = URLResolver(
    RegexPattern(r"^/"),
    [
        re_path(r"^v\d+\.\d+/(?P<node_id>\w+)/?$", graph.node),
        re_path(r"^v\d+\.\d+/(?P<node_id>\w+)/(?P<name>\w+)/?$", graph.edge),
        re_path(r"^v\d+\.\d+/(?P<path>.*)$", graph.nothing),
        re_path(rf"^{media.PATH[1:]}$", graph_media.download),
        re_path(r"^_simulator/(?P<path>.*)$", control.control),
    ],
)
