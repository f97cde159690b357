-- Which genres the model takes for which other, out of fold, the commonest first.
SELECT tagged_genre, predicted_genre, tracks, share
FROM genre_confusion
WHERE tagged_genre <> predicted_genre
ORDER BY tracks DESC, tagged_genre, predicted_genre
