"""The suites that there are."""

from __future__ import annotations

from bench.conformance import contrib
from bench.conformance.files import Files
from bench.conformance.postgis import PostGIS
from bench.conformance.suite import Suite, isolationtester

SUITES = {
    suite.name: suite
    for suite in (
        Suite(
            name="isolation",
            title="isolation: sessions against each other",
            schedule="isolation_schedule",
            inputs="specs/{}.spec",
            program=isolationtester,
            database="isolation_regression",
            limit_s=60,
            is_independent=True,
        ),
        Suite(
            name="regress",
            title="regress: SQL through psql",
            schedule="parallel_schedule",
            database="regression",
            limit_s=240,
        ),
        contrib.Contrib(
            name="contrib",
            title="contrib: the extensions that PostgreSQL brings",
            modules=contrib.MODULES,
        ),
        contrib.Contrib(
            name="contrib-wheels",
            title="contrib: modules that are wheels",
            extensions=contrib.ADDED,
            modules=contrib.ADDED,
        ),
        contrib.Contrib(
            name="decoding",
            title="decoding: changes for logical replication, by test_decoding",
            database="regression",
            extensions=("test_decoding",),
            settings={
                "wal_level": "logical",
                "max_replication_slots": "4",
                "logical_decoding_work_mem": "64kB",
            },
            modules=("test_decoding",),
        ),
        Files(
            name="pgvector",
            title="pgvector: its own tests",
            about="Tests of 0.8.0, the newest whose source Debian has; both servers have 0.8.7.",
            inputs="test/sql/{}.sql",
            source="pgvector",
            packages=("postgresql-18-pgvector=0.8.7-1",),
            create="create extension vector",
        ),
        Files(
            name="pgtap",
            title="pgTAP: its own tests",
            about="Tests of 1.3.4, which the native server has, too; ours has 1.3.5.",
            inputs="test/sql/{}.sql",
            source="pgtap",
            extensions=("pgtap",),
            packages=("postgresql-18-pgtap=1.3.4-1",),
            create="create extension pgtap",
        ),
        PostGIS(
            name="postgis",
            title="PostGIS: its own tests",
            about=(
                "Tests of 3.6.4, which the native server has, too, with GEOS 3.15, PROJ 9.9 and "
                "GDAL 3.13; ours has 3.6.2 with GEOS 3.14, PROJ 9.7 and GDAL, interpreted. Left "
                "out are tests of PostGIS's own programs, of protobuf, which PGlite builds "
                "without, of rasters in files of the server's, and of the time that an interrupt "
                "takes."
            ),
            database="postgis_reg",
            limit_s=240,
            source="postgis",
            extensions=("postgis",),
            compile=False,  # which takes longer than the tests
            packages=(
                "postgresql-18-postgis-3=3.6.4+dfsg-2",
                "postgresql-18-postgis-3-scripts=3.6.4+dfsg-2",
            ),
            create=(
                "create extension postgis; create extension postgis_raster;"
                "create extension postgis_topology"
            ),
        ),
    )
}
