"""Sign-up, mail and second factors: what Parley changes in django-allauth."""
