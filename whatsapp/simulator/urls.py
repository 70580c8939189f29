"""The simulator's addresses: Meta's Graph API, the control API, the phone page."""

from __future__ import annotations

from django.urls import re_path
from django.urls.resolvers import RegexPattern, URLResolver
from django.views.decorators.http import require_GET, require_POST

from whatsapp.simulator import aws, aws_topic, control, graph, graph_media, media, panel, phone

resolver = URLResolver(
    RegexPattern(r"^/"),
    [
        re_path(r"^v\d+\.\d+/(?P<node_id>\w+)/?$", graph.node),
        re_path(r"^v\d+\.\d+/(?P<node_id>\w+)/(?P<name>\w+)/?$", graph.edge),
        re_path(r"^v\d+\.\d+/(?P<path>.*)$", graph.nothing),
        re_path(rf"^{media.PATH[1:]}$", graph_media.download),
        re_path(rf"^{aws.PATH[1:]}(?P<path>.+)$", aws.call),
        re_path(rf"^{aws_topic.CERTIFICATE_PATH[1:]}$", aws.certificate),
        re_path(r"^_simulator/(?P<path>.*)$", control.control),
        re_path(r"^$", require_GET(phone.page)),
        re_path(r"^live$", require_GET(phone.live)),
        re_path(r"^files/(?P<media_id>\d+)$", require_GET(phone.file)),
        re_path(r"^static/(?P<name>[\w.-]+)$", require_GET(phone.static)),
        re_path(r"^say$", require_POST(phone.say)),
        re_path(r"^change$", require_POST(phone.change)),
        re_path(r"^receipt$", require_POST(phone.receipts)),
        re_path(r"^open$", require_POST(phone.open_chat)),
        re_path(r"^people$", require_POST(phone.people)),
        re_path(r"^heard$", require_POST(phone.heard)),
        re_path(r"^faults$", require_POST(panel.faults)),
        re_path(r"^plan$", require_POST(panel.plan)),
        re_path(r"^plug$", require_POST(panel.plug)),
        re_path(r"^block$", require_POST(panel.block)),
        re_path(r"^(?P<name>everything|thousand)$", require_POST(phone.send_many)),
        re_path(r"^retry$", require_POST(panel.retry)),
    ],
)
