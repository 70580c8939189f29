"""Every address of the product."""

from __future__ import annotations

from allauth.account import views as account
from django.contrib import admin
from django.urls import include, path

# Only what an installation without sign-up and without e-mail needs; allauth's other views have no address here.
accounts = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("2fa/", include("allauth.mfa.urls")),
]

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include(accounts)),
]
