"""Celery: the app, the task decorator, thin tasks by subject."""
