"""GeoAlchemy2 on SQLAlchemy in process; run by test_postgis.py."""

from __future__ import annotations

from geoalchemy2 import Geometry, WKTElement, functions
from geoalchemy2.shape import to_shape
from sqlalchemy import func, inspect, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from pglite_native import PGlite
from pglite_native.sqlalchemy import create_engine


class Base(DeclarativeBase):
    pass


class Lake(Base):
    __tablename__ = "lake"

    id: Mapped[int] = mapped_column(primary_key=True)
    geom = mapped_column(Geometry("POLYGON", srid=4326))


with PGlite() as db:
    db.exec("create extension postgis")
    engine = create_engine(db)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Lake(geom="SRID=4326;POLYGON((0 0,1 0,1 1,0 1,0 0))"))
        session.add(Lake(geom=WKTElement("POLYGON((1 0,3 0,3 2,1 2,1 0))", srid=4326)))
        session.commit()
        inside = functions.ST_Contains(Lake.geom, WKTElement("POINT(2 1)", srid=4326))
        (found,) = session.scalars(select(Lake).where(inside)).all()
        print(to_shape(found.geom).wkt)
        print(session.scalars(select(func.ST_Area(Lake.geom)).order_by(Lake.id)).all())
    (index,) = inspect(engine).get_indexes("lake")
    print(index["dialect_options"]["postgresql_using"])
    engine.dispose()
