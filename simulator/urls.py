"""The simulator's addresses: Meta's Graph API, the control API, the phone page."""

from __future__ import annotations

from django.urls import re_path
from django.urls.resolvers import RegexPattern, URLResolver
from django.views.decorators.http import require_GET, require_POST

from simulator import media
from simulator.aws import service
from simulator.control import api
from simulator.graph import accounts, files
from simulator.network import topic
from simulator.phone import page, panel

resolver = URLResolver(
    RegexPattern(r"^/"),
    [
        re_path(r"^v\d+\.\d+/(?P<node_id>\w+)/?$", accounts.node),
        re_path(r"^v\d+\.\d+/(?P<node_id>\w+)/(?P<name>\w+)/?$", accounts.edge),
        re_path(r"^v\d+\.\d+/(?P<path>.*)$", accounts.nothing),
        re_path(rf"^{media.PATH[1:]}$", files.download),
        re_path(rf"^{service.PATH[1:]}(?P<path>.+)$", service.call),
        re_path(rf"^{topic.CERTIFICATE_PATH[1:]}$", service.certificate),
        re_path(r"^_simulator/(?P<path>.*)$", api.control),
        re_path(r"^$", require_GET(page.page)),
        re_path(r"^live$", require_GET(page.live)),
        re_path(r"^files/(?P<media_id>\d+)$", require_GET(page.file)),
        re_path(r"^static/(?P<name>[\w.-]+)$", require_GET(page.static)),
        re_path(r"^say$", require_POST(page.say)),
        re_path(r"^change$", require_POST(page.change)),
        re_path(r"^receipt$", require_POST(page.receipts)),
        re_path(r"^open$", require_POST(page.open_chat)),
        re_path(r"^people$", require_POST(page.people)),
        re_path(r"^heard$", require_POST(page.heard)),
        re_path(r"^faults$", require_POST(panel.faults)),
        re_path(r"^plan$", require_POST(panel.plan)),
        re_path(r"^plug$", require_POST(panel.plug)),
        re_path(r"^block$", require_POST(panel.block)),
        re_path(r"^(?P<name>everything|thousand)$", require_POST(page.send_many)),
        re_path(r"^retry$", require_POST(panel.retry)),
    ],
)
