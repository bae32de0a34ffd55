"""PostGIS: geometries, projections, rasters and topologies, and what its C++ throws."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pglite_native import Engine, extensions
from tests.engine.sql import SqlError, run, sqlstate, value
from tests.extensions.packages import package
from tools import ROOT

pytestmark = pytest.mark.long

SQUARE = "'POLYGON((0 0,10 0,10 10,0 10,0 0))'"
BOW_TIE = "'POLYGON((0 0,1 1,1 0,0 1,0 0))'"


@pytest.fixture(scope="module")
def postgis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine with all of PostGIS's extensions, interpreted: compiling takes minutes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGLITE_NATIVE_HOME", str(tmp_path_factory.mktemp("home")))
        extensions.add(package("postgis"), compile=False)
        with Engine() as engine:
            for name in ("postgis", "postgis_raster", "postgis_topology", "fuzzystrmatch"):
                run(engine, f"create extension {name}")
            run(engine, "create extension postgis_tiger_geocoder")
            yield engine


@pytest.fixture
def engine(postgis: Engine) -> Iterator[Engine]:
    """A transaction of it, which is rolled back."""
    run(postgis, "begin")
    yield postgis
    run(postgis, "rollback")


def test_versions(engine: Engine) -> None:
    version = value(engine, "select postgis_full_version()")
    assert version is not None and version.startswith('POSTGIS="3.6.')
    assert "DATABASE_PATH=/pglite/share/proj/proj.db" in version
    assert "GEOS=" in version and "LIBXML=" in version and "LIBJSON=" in version


def test_geometries(engine: Engine) -> None:
    area = value(engine, "select st_area(st_buffer('POINT(0 0)', 10))")
    assert area is not None and float(area) == pytest.approx(312.1445152258)
    assert value(
        engine, f"select st_astext(st_intersection({SQUARE}, st_translate({SQUARE},5,5)))"
    ) == ("POLYGON((10 10,10 5,5 5,5 10,10 10))")
    assert value(engine, f"select st_isvalidreason({BOW_TIE})") == "Self-intersection[0.5 0.5]"
    assert value(engine, "select st_asgeojson(st_point(1, 2))") == (
        '{"type":"Point","coordinates":[1,2]}'
    )
    distance = value(
        engine, "select st_distance('POINT(-118 34)'::geography, 'POINT(2 48)'::geography)"
    )
    assert distance is not None and float(distance) == pytest.approx(9145842.98797621)


def test_projections(engine: Engine) -> None:
    """By a code, which proj.db has, by a definition, and by one of the user's own."""
    of = "st_setsrid(st_point(24.94, 60.17), 4326)"
    rounded = "st_astext(st_snaptogrid(st_transform({}), 0.001))".format
    expected = "POINT(385700.421 6672126.743)"
    assert value(engine, f"select {rounded(f'{of}, 3067')}") == expected
    tm = "'+proj=utm +zone=35 +ellps=GRS80 +units=m +no_defs'"
    assert value(engine, f"select {rounded(f'{of}, {tm}')}") == expected
    run(
        engine,
        "insert into spatial_ref_sys (srid, srtext)"
        " select 990000, srtext from spatial_ref_sys where srid = 3067",
    )
    assert value(engine, f"select {rounded(f'{of}, 990000')}") == expected


def test_a_spatial_join_by_its_index(engine: Engine) -> None:
    run(
        engine,
        "create table disc as select n, st_buffer(st_point(n % 40, n / 40), 0.7) as shape"
        " from generate_series(0, 1599) n;"
        "create index on disc using gist (shape); analyze disc",
    )
    join = "select count(*) from disc a join disc b on st_intersects(a.shape, b.shape)"
    plan = "\n".join(line or "" for (line,) in run(engine, f"explain {join}"))
    assert "Index Cond: (shape && a.shape)" in plan
    # Each meets itself, its 4 neighbours, and the 4 at its corners, 1.414 away, not.
    assert value(engine, join) == str(1600 + 2 * (39 * 40 * 2))


THROWN = {  # PGlite on Node answers each with no rows
    f"st_intersection({BOW_TIE}, {SQUARE})": "TopologyException: side location conflict at 0.5 0.5",
    f"st_union(g) from unnest(array[{BOW_TIE}, {SQUARE}]::geometry[]) g": (
        "TopologyException: side location conflict at 0.5 0.5"
    ),
    "st_transform(st_point(0, 0, 4326), 'nonsense')": "unrecognized format / unknown name",
    "st_sharedpaths('POINT(0 0)', 'LINESTRING(0 0,1 1)')": (
        "IllegalArgumentException: Geometry is not lineal"
    ),
}
RAISED = {  # by PostGIS, in C
    "st_geomfromtext('POLYGON((0 0, 1 1')": "parse error - invalid geometry",
    "st_transform(st_point(0, 0, 4326), 999999)": "Invalid reserved SRID (999999)",
}
FINE = {  # where GEOS looks before it leaps
    f"st_astext(st_makevalid({BOW_TIE}))": (
        "MULTIPOLYGON(((0 1,0.5 0.5,0 0,0 1)),((1 0,0.5 0.5,1 1,1 0)))"
    ),
    "st_isvalidreason('LINESTRING(0 0,0 0)')": "Too few points in geometry component[0 0]",
    f"st_relate({BOW_TIE}, 'POINT(0 0)')": "FF20F1FF2",
}


@pytest.mark.parametrize("expression", [*THROWN, *RAISED])
def test_what_is_thrown_is_an_error(engine: Engine, expression: str) -> None:
    message = {**THROWN, **RAISED}[expression]
    for _ in range(3):
        run(engine, "savepoint s")
        with pytest.raises(SqlError, match=re.escape(message)) as caught:
            run(engine, f"select {expression}")
        assert caught.value.sqlstate == "XX000"
        run(engine, "rollback to s")
    assert value(engine, "select st_astext(st_point(1, 2))") == "POINT(1 2)"


@pytest.mark.parametrize("expression", FINE)
def test_invalid_geometries_that_throw_nothing(engine: Engine, expression: str) -> None:
    assert value(engine, f"select {expression}") == FINE[expression]


def test_a_timeout_ends_what_geos_does(engine: Engine) -> None:
    run(engine, "set local statement_timeout = '200ms'")
    union = "st_union(st_buffer(st_point(n % 300, n / 300), 0.7))"
    assert sqlstate(engine, f"select {union} from generate_series(0, 89999) n") == "57014"


def test_rasters(engine: Engine) -> None:
    run(engine, "set local postgis.gdal_enabled_drivers = 'GTiff'")
    raster = "st_addband(st_makeemptyraster(100, 50, 0, 0, 1), '8BUI'::text, 5, 0)"
    summary = "select (st_summarystats({})).sum".format
    assert value(engine, summary(raster)) == "25000"
    for compression in ("NONE", "DEFLATE", "LZW"):
        tiff = f"st_fromgdalraster(st_astiff({raster}, '{compression}'))"
        assert value(engine, summary(tiff)) == "25000"
    disc = "st_asraster(st_buffer(st_point(0, 0), 10), 1.0, 1.0, '8BUI', 1, 0)"
    assert value(engine, summary(disc)) == "316"
    moved = f"st_srid(st_transform(st_setsrid({raster}, 4326), 3857))"
    assert value(engine, f"select {moved}") == "3857"


def test_topologies(engine: Engine) -> None:
    run(engine, "select topology.createtopology('town', 4326, 0, false, 0, true)")
    for line in ("0 0,1 1", "0 1,1 0"):
        run(
            engine, f"select topology.topogeo_addlinestring('town', 'SRID=4326;LINESTRING({line})')"
        )
    assert value(engine, "select count(*) from town.edge_data") == "4"
    assert run(engine, "select * from topology.validatetopology('town')") == []


def test_addresses(engine: Engine) -> None:
    address = "tiger.pprint_addy(tiger.normalize_address('1 Devonshire Place, Boston, MA 02109'))"
    assert value(engine, f"select {address}") == "1 Devonshire Pl, Boston, MA 02109"


def test_another_process_opens_it(postgis: Engine, tmp_path: Path) -> None:
    postgis.snapshot().save(tmp_path / "image")
    with Engine(image=tmp_path / "image") as engine:
        assert value(engine, "select st_astext(st_point(1, 2))") == "POINT(1 2)"


@pytest.mark.parametrize(
    ("program", "printed"),
    [
        (
            "tests.extensions.geoalchemy",
            "POLYGON ((1 0, 3 0, 3 2, 1 2, 1 0))\n[1.0, 4.0]\ngist\n",
        ),
        (
            "tests.extensions.geodjango",
            "Paris 261601 6249448\n100.0 sq_m\n(2.35, 45.76, 4.83, 48.85)\n",
        ),
    ],
)
@pytest.mark.usefixtures("postgis")  # which has added it
def test_object_relational_mappers_run_on_it(program: str, printed: str) -> None:
    command = [sys.executable, "-m", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == (printed, 0), done.stderr
