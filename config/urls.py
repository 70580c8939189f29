"""The URLs of the product."""

from __future__ import annotations

from allauth.account import views as account
from django.contrib import admin
from django.urls import include, path

from config import health
from config.csp_reports import csp_reports
from config.metrics import metrics
from inbox.web.views import media, viewer

# Only the views needed without sign-up and e-mail; allauth's other views have no URL here.
accounts = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("2fa/", include("allauth.mfa.urls")),
]

urlpatterns = [
    path("health/live", health.live, name="health_live"),
    path("health/ready", health.ready, name="health_ready"),
    path("metrics", metrics, name="metrics"),
    path("csp-reports/", csp_reports, name="csp_reports"),
    path("admin/", admin.site.urls),
    path("accounts/", include(accounts)),
    path("api/", include("inbox.api.urls", namespace="api")),
    path("", include("inbox.urls")),
    path("media/<uuid:media_id>/", media.original, name="media"),
    path("media/<uuid:media_id>/view/", viewer.viewer, name="media_viewer"),
    path("media/<uuid:media_id>/pages/<int:number>/", media.page, name="media_page"),
    path("media/<uuid:media_id>/thumbnail/", media.thumbnail, name="media_thumbnail"),
    path("media/<uuid:media_id>/playable/", media.playable, name="media_playable"),
    path("media/<uuid:media_id>/download/", media.download, name="media_download"),
    path("media/<uuid:media_id>/fetch-again/", media.fetch_again, name="media_fetch_again"),
    path("files/<path:name>", media.local_file, name="file"),
]
