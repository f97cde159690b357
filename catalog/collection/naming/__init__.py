"""Names and identities: artists, albums, paths, tag values, file signatures."""
