"""Measure time and memory of a cluster audit, compared with one k-means and one neighbor search.

    python benchmarks/clusters.py [--tracks N]... [--dimensions D] [--algorithm NAME] [--no-peer] [--json]

For each size the script fills a SQLite database with generated vectors, labels and artists. The audit runs on it in a
separate process. The peer, in another process, has the same vectors in memory. It fits scikit-learn's MiniBatchKMeans
with the same number of clusters and three starts, and queries a voyager index for the ten neighbors of each vector. The
script prints processor time and peak resident memory of each, on one thread. It exits with 1 if the ratio is above 2 or
the audit takes more than 6 GB.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from catalog.threads import limit_threads

limit_threads()

import numpy as np  # noqa: E402 - NumPy reads the thread limits at import
import numpy.typing as npt  # noqa: E402
import sqlalchemy as sa  # noqa: E402

from catalog.audio.feature_set import FeatureSet  # noqa: E402
from catalog.audit.clusters.cluster_audit import ClusterRequest, audit_clusters  # noqa: E402
from catalog.audit.clusters.cluster_run_store import list_runs  # noqa: E402
from catalog.db.bulk_insert import write_rows  # noqa: E402
from catalog.db.columns import now  # noqa: E402
from catalog.db.database import open_database  # noqa: E402
from catalog.db.schema.schema_state import upgrade  # noqa: E402
from catalog.db.tables import artist, collection, feature_vector, genre, track, track_status  # noqa: E402
from catalog.features.stored_feature_set import register_feature_set  # noqa: E402
from catalog.genres.seed import seed_vocabulary  # noqa: E402

Matrix = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
GENRES, SOUNDS, ACROSS = 16, 40, 30
"""Numbers of genres, of clusters that genres share, and of dimensions in which the clusters differ."""
UNTAGGED = 0.1
TRACKS_AN_ARTIST = 7
CHUNK = 5_000
ALLOWED_RATIO, ALLOWED_MEGABYTES = 2.0, 6_000


def vectors(tracks: int, dimensions: int) -> Iterator[tuple[Matrix, Integers]]:
    """Chunks of generated vectors (n, dimensions) and the genre, 0 to 15, of each; reproducible."""
    random = np.random.default_rng(0)
    mixing = random.normal(0, 1, (ACROSS, dimensions)).astype(np.float32)
    centers = random.normal(0, 1, (SOUNDS, ACROSS)).astype(np.float32)
    of_genre = random.dirichlet(np.full(SOUNDS, 0.1), GENRES).cumsum(axis=1)
    for start in range(0, tracks, CHUNK):
        count = min(CHUNK, tracks - start)
        genres = random.integers(0, GENRES, count)
        sound = (random.random(count)[:, None] > of_genre[genres]).sum(axis=1).clip(max=SOUNDS - 1)
        latent = centers[sound] + random.standard_normal((count, ACROSS), dtype=np.float32)
        noise = random.standard_normal((count, dimensions), dtype=np.float32)
        yield latent @ mixing + 2 * noise, genres


def fill(url: str, tracks: int, dimensions: int) -> None:
    """Create a catalog with `tracks` tracks; nine of ten have a genre."""
    features = FeatureSet(
        name="generated",
        version=1,
        parameters={"dimensions": dimensions},
        dimensions=tuple(f"generated.{number}" for number in range(dimensions)),
        sample_rate=16_000,
        compute=lambda _waveform: np.zeros(dimensions, np.float32),
    )
    database = open_database(url)
    upgrade(database)
    with database.write() as connection:
        seed_vocabulary(connection)
        recipe = register_feature_set(connection, features)
        genre_ids = (
            connection.execute(sa.select(genre.c.id).order_by(genre.c.id).limit(GENRES)).scalars().all()
        )
        collection_id = connection.execute(
            sa.insert(collection).values(name="generated", kind="folder").returning(collection.c.id)
        ).scalar_one()
        names = [f"artist {number}" for number in range(tracks // TRACKS_AN_ARTIST + 1)]
        rows = [(at + 1, name, name, name, False) for at, name in enumerate(names)]
        write_rows(connection, artist, ["id", "key", "name", "folded", "is_placeholder"], rows)
    moment, first = now(), 1
    random = np.random.default_rng(1)
    for matrix, genres in vectors(tracks, dimensions):
        ids = range(first, first + len(matrix))
        first += len(matrix)
        tagged = random.random(len(matrix)) >= UNTAGGED
        with database.write() as connection:
            rows = [
                (each, collection_id, f"{each}", b"%d" % each, "present", each % len(names) + 1, moment)
                for each in ids
            ]
            columns = ["id", "collection_id", "path", "path_bytes", "state", "artist_id", "added_at"]
            write_rows(connection, track, columns, rows)
            rows = [
                (each, genre_ids[kind] if has else None)
                for each, kind, has in zip(ids, genres.tolist(), tagged.tolist(), strict=True)
            ]
            write_rows(connection, track_status, ["track_id", "tagged_genre_id"], rows)
            rows = [(recipe.id, each, vector, moment) for each, vector in zip(ids, matrix, strict=True)]
            columns = ["feature_set_id", "track_id", "vector", "computed_at"]
            write_rows(connection, feature_vector, columns, rows)
    database.close()


def audit_once(url: str, algorithm: str) -> dict[str, Any]:
    """Run one audit with defaults; return its time, its memory, its clusters and their agreement."""
    database = open_database(url)
    clock, processor = time.perf_counter(), time.process_time()
    audit_clusters(database, ClusterRequest(algorithms=(algorithm,)))
    taken = spent(clock, processor)
    with database.read() as connection:
        run = list_runs(connection)[0]
    database.close()
    agreement = run.outcome.agreement
    assert agreement is not None, "there are sixteen genres"
    result = {"clusters": run.clusters, "adjusted_mutual_information": agreement.adjusted_mutual_information}
    return taken | result


def peer_once(tracks: int, dimensions: int, clusters: int) -> dict[str, Any]:
    """Run one mini-batch k-means and one neighbor search on vectors in memory; return time and memory."""
    import voyager
    from sklearn.cluster import MiniBatchKMeans

    matrix = np.concatenate([part for part, _ in vectors(tracks, dimensions)])
    clock, processor = time.perf_counter(), time.process_time()
    MiniBatchKMeans(clusters, n_init=3, random_state=0).fit(matrix)
    k_means = time.process_time() - processor
    index = voyager.Index(voyager.Space.Cosine, num_dimensions=dimensions)
    index.add_items(matrix, num_threads=1)
    for start in range(0, tracks, CHUNK):
        index.query(matrix[start : start + CHUNK], k=10, num_threads=1)
    return spent(clock, processor) | {"k_means": round(k_means, 2)}


def spent(clock: float, processor: float) -> dict[str, Any]:
    """Clock and processor seconds since the given times, and the peak resident memory in MB."""
    return {
        "seconds": round(time.perf_counter() - clock, 2),
        "processor": round(time.process_time() - processor, 2),
        "megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def run_separately(*arguments: object) -> dict[str, Any]:
    """Run this script in a separate process, so that its peak memory includes no other work."""
    command = [sys.executable, __file__, *map(str, arguments)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(shown.stdout)
    return result


def measure(tracks: int, dimensions: int, algorithm: str, *, with_peer: bool) -> dict[str, Any]:
    """Measure one size."""
    with tempfile.TemporaryDirectory(prefix="clusters") as folder:
        url = f"sqlite:///{Path(folder) / 'catalog.db'}"
        run_separately("--fill", url, "--tracks", tracks, "--dimensions", dimensions)
        audit = run_separately("--audit", url, "--algorithm", algorithm)
    result = {"tracks": tracks, "algorithm": algorithm, "audit": audit, "peer": None, "ratio": None}
    if with_peer:
        peer = run_separately("--peer", audit["clusters"], "--tracks", tracks, "--dimensions", dimensions)
        result |= {"peer": peer, "ratio": round(audit["processor"] / peer["processor"], 2)}
    return result


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tracks", type=int, action="append")
    parser.add_argument("--dimensions", type=int, default=500)
    parser.add_argument("--algorithm", default="kmeans")
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--json", action="store_true")
    for hidden in ("--fill", "--audit", "--peer"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    options = parser.parse_args()
    sizes = options.tracks or [10_000, 106_574]
    if options.fill:
        fill(options.fill, sizes[0], options.dimensions)
        print("{}")
        return 0
    if options.audit or options.peer:
        result = (
            audit_once(options.audit, options.algorithm)
            if options.audit
            else peer_once(sizes[0], options.dimensions, int(options.peer))
        )
        print(json.dumps(result))
        return 0
    results = []
    for tracks in sizes:
        results.append(measure(tracks, options.dimensions, options.algorithm, with_peer=not options.no_peer))
        if not options.json:
            print(json.dumps(results[-1]), flush=True)
    if options.json:
        print(json.dumps(results, indent=2))
    is_good = all(
        one["audit"]["megabytes"] <= ALLOWED_MEGABYTES and (one["ratio"] or 0) <= ALLOWED_RATIO
        for one in results
    )
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
