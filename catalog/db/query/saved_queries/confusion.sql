-- Genres that the model confuses with each other, out of fold, most frequent first.
SELECT tagged_genre, predicted_genre, tracks, share
FROM genre_confusion
WHERE tagged_genre <> predicted_genre
ORDER BY tracks DESC, tagged_genre, predicted_genre
