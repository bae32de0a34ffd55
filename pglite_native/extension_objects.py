"""What an extension is called, and which one has what is missing before CREATE EXTENSION.

The types, and of functions and operator classes those that programs use.
"""

from __future__ import annotations

_OBJECTS = {
    "vector": "vector halfvec sparsevec l2_distance cosine_distance inner_product vector_dims"
    " vector_l2_ops vector_ip_ops vector_cosine_ops vector_l1_ops halfvec_l2_ops"
    " halfvec_cosine_ops halfvec_ip_ops sparsevec_l2_ops",
    "pg_trgm": "similarity word_similarity strict_word_similarity show_trgm gin_trgm_ops"
    " gist_trgm_ops",
    "pgcrypto": "crypt gen_salt digest hmac gen_random_bytes encrypt decrypt pgp_sym_encrypt"
    " pgp_sym_decrypt pgp_pub_encrypt pgp_pub_decrypt armor dearmor",
    "uuid-ossp": "uuid_generate_v1 uuid_generate_v1mc uuid_generate_v3 uuid_generate_v4"
    " uuid_generate_v5 uuid_nil uuid_ns_dns uuid_ns_url",
    "citext": "citext",
    "hstore": "hstore akeys avals skeys svals hstore_to_json hstore_to_jsonb",
    "ltree": "ltree lquery ltxtquery nlevel subltree subpath text2ltree ltree2text",
    "unaccent": "unaccent",
    "fuzzystrmatch": "levenshtein levenshtein_less_equal soundex difference metaphone dmetaphone"
    " daitch_mokotoff",
    "cube": "cube cube_distance cube_dim",
    "earthdistance": "earth earth_distance ll_to_earth earth_box",
    "tablefunc": "crosstab connectby normal_rand",
    "intarray": "query_int sort uniq icount gin__int_ops gist__int_ops",
    "isn": "ean13 isbn isbn13 ismn ismn13 issn issn13 upc",
    "seg": "seg",
    "lo": "lo lo_manage",
    "pg_stat_statements": "pg_stat_statements pg_stat_statements_info pg_stat_statements_reset",
    "pg_buffercache": "pg_buffercache",
    "btree_gist": "gist_int4_ops gist_text_ops gist_uuid_ops",
    "btree_gin": "int4_ops text_ops uuid_ops",
    "amcheck": "bt_index_check bt_index_parent_check",
}

EXTENSIONS = {name: extension for extension, names in _OBJECTS.items() for name in names.split()}
"""By the name of a type, a function, an operator class or a view."""

PROJECTS = {
    "pgvector": "vector",
    "pg_vector": "vector",
    "trgm": "pg_trgm",
    "pgtrgm": "pg_trgm",
    "uuid": "uuid-ossp",
    "uuid_ossp": "uuid-ossp",
    "uuid-osp": "uuid-ossp",
    "pg_crypto": "pgcrypto",
    "pg_hstore": "hstore",
    "pg_ltree": "ltree",
    "pg_citext": "citext",
    "earth_distance": "earthdistance",
    "fuzzystrmatching": "fuzzystrmatch",
}
"""Extensions by what their projects and packages are called."""
