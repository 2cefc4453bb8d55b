"""Everything that speaks to SQLite: connections, the writer, the readers, migrations, ownership."""
