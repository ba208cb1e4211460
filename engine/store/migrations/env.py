"""Runs the revisions on the connection that engine/store/database.py hands over."""

from alembic import context

from engine.store.schema import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
context.run_migrations()
