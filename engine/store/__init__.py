"""What must survive a restart: accounts, what was imported into them, goals. SQLite by default, any database by URL."""
