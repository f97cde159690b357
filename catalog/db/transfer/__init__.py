"""Moving a catalog: copy to another database, backup and restore."""
