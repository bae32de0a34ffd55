"""Vectors: pgvector's types, and stores of documents on it."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from tests.clients.compatibility import Client
from tests.clients.installing import libraries
from tests.clients.place import Place


@pytest.fixture
def place(tcp: Place) -> Place:
    return tcp


@pytest.fixture
def url(url: str) -> str:
    """The database has the extension."""
    with psycopg.connect(url) as connection:
        connection.execute("create extension vector")
    return url


LANGCHAIN = """
import sys
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_postgres import PGVector

store = PGVector(
    embeddings=DeterministicFakeEmbedding(size=8),
    collection_name="books",
    connection=sys.argv[1].replace("postgresql:", "postgresql+psycopg:"),
)
texts = ["Emma", "Persuasion", "Middlemarch"]
store.add_documents([Document(text, metadata={"n": n}) for n, text in enumerate(texts)])
(found,) = store.similarity_search("Emma", k=1)
print(found.page_content, found.metadata)
print([d.page_content for d in store.similarity_search("Emma", k=3, filter={"n": {"$gte": 2}})])
"""
LLAMA_INDEX = """
import sys
from urllib.parse import unquote, urlsplit
from llama_index.core.schema import TextNode
from llama_index.core.vector_stores import VectorStoreQuery
from llama_index.vector_stores.postgres import PGVectorStore

place = urlsplit(sys.argv[1])
store = PGVectorStore.from_params(
    host=place.hostname, port=str(place.port), database=place.path[1:], user=place.username,
    password=place.password, table_name="books", embed_dim=3,
)
nodes = [TextNode(text=text, embedding=[float(n), 1.0, 0.0]) for n, text in enumerate(["a", "b"])]
store.add(nodes)
result = store.query(VectorStoreQuery(query_embedding=[1.0, 1.0, 0.0], similarity_top_k=1))
print([node.text for node in result.nodes])
"""


class TestPgvector:
    CLIENT = Client.installed("pgvector-python on psycopg", "pgvector")

    def test_vectors_and_nearest_neighbours(self, url: str) -> None:
        from pgvector import HalfVector, SparseVector, Vector
        from pgvector.psycopg import register_vector

        with psycopg.connect(url) as connection:
            register_vector(connection)
            connection.execute(
                "create table item (a vector(3), b halfvec(3), c sparsevec(3));"
                "create index on item using hnsw (a vector_l2_ops)"
            )
            values = (Vector([1, 2, 3]), HalfVector([1, 2, 3]), SparseVector({0: 1}, 3))
            connection.execute("insert into item values (%s, %s, %s)", values)
            row = connection.execute(
                "select * from item order by a <-> %s limit 1", [Vector([1, 1, 1])]
            ).fetchone()
            assert row is not None
            assert [part.to_list() for part in row] == [[1, 2, 3], [1, 2, 3], [1, 0, 0]]


@pytest.mark.heavy
class TestLangChain:
    CLIENT = Client("langchain-postgres on psycopg", "0.0.19")

    def test_documents_are_found(self, url: str, script: Callable[..., str]) -> None:
        modules = libraries(f"langchain-postgres=={self.CLIENT.version}")
        assert script(LANGCHAIN, url, modules=modules) == "Emma {'n': 0}\n['Middlemarch']\n"


@pytest.mark.heavy
class TestLlamaIndex:
    CLIENT = Client("LlamaIndex's PGVectorStore on psycopg2", "0.9.0")

    def test_nodes_are_found(self, url: str, script: Callable[..., str]) -> None:
        modules = libraries(f"llama-index-vector-stores-postgres=={self.CLIENT.version}")
        assert script(LLAMA_INDEX, url, modules=modules) == "['b']\n"
