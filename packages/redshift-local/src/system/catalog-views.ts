/** One row per column of every permanent table, out of the engine's catalog. */
const COLUMNS = `
  SELECT r.schema_name, r.relation_name,
    CAST((r.definition ->> '$.relationId') AS INTEGER) AS table_id,
    (r.definition ->> '$.attributes.distStyle') AS dist_style,
    (r.definition ->> '$.attributes.distKey') AS dist_key,
    from_json((r.definition -> '$.attributes.sortKeys'), '["VARCHAR"]') AS sort_keys,
    c.place AS ordinal_position,
    (c.definition ->> '$.name') AS column_name,
    (c.definition ->> '$.type.name') AS type_name,
    CAST((c.definition ->> '$.type.length') AS INTEGER) AS type_length,
    CAST((c.definition ->> '$.type.precision') AS INTEGER) AS type_precision,
    CAST((c.definition ->> '$.type.scale') AS INTEGER) AS type_scale,
    coalesce(CAST((c.definition ->> '$.isNullable') AS BOOLEAN), true) AS is_nullable,
    CASE WHEN (c.definition -> '$.identity') IS NOT NULL
      THEN '"identity"(' || (r.definition ->> '$.relationId') || ', ' || (c.place - 1) || ', ''' ||
        ((c.definition ->> '$.identity.seed')) || ',' || ((c.definition ->> '$.identity.step')) || '''::text)'
      ELSE (c.definition ->> '$.defaultText') END AS default_text
  FROM rs_catalog.relations r,
    LATERAL (
      SELECT unnest(from_json(CAST(r.definition AS JSON) -> '$.columns', '["JSON"]')) AS definition,
        unnest(range(1, CAST(json_array_length(CAST(r.definition AS JSON), '$.columns') AS BIGINT) + 1)) AS place
    ) c
  WHERE (r.definition ->> '$.kind') = 'table'`;

/** Types in the words of Redshift's metadata. */
const FORMATTED_TYPE = `
  CASE type_name
    WHEN 'varchar' THEN 'character varying(' || type_length || ')'
    WHEN 'char' THEN 'character(' || type_length || ')'
    WHEN 'numeric' THEN 'numeric(' || type_precision || ',' || type_scale || ')'
    WHEN 'timestamp' THEN 'timestamp without time zone'
    WHEN 'timestamptz' THEN 'timestamp with time zone'
    WHEN 'time' THEN 'time without time zone'
    WHEN 'timetz' THEN 'time with time zone'
    ELSE type_name END`;

const TYPE_WITHOUT_LENGTH = `regexp_replace(${FORMATTED_TYPE}, '\\(.*\\)', '')`;

const NUMERIC_PRECISION = `
  CASE type_name WHEN 'numeric' THEN type_precision WHEN 'smallint' THEN 16 WHEN 'integer' THEN 32
    WHEN 'bigint' THEN 64 WHEN 'real' THEN 24 WHEN 'double precision' THEN 53 END`;

const RELATIONS = `
  SELECT current_database() AS table_catalog, schema_name AS table_schema, relation_name AS table_name,
    CASE (definition ->> '$.kind') WHEN 'view' THEN 'VIEW' ELSE 'BASE TABLE' END AS table_type
  FROM rs_catalog.relations WHERE (definition ->> '$.kind') IN ('table', 'view')`;

/** The columns of views, which only DuckDB knows. */
const VIEW_COLUMNS = `
  SELECT c.database_name AS table_catalog, c.schema_name AS table_schema, c.table_name, c.column_name,
    c.column_index AS ordinal_position, NULL::VARCHAR AS column_default, 'YES' AS is_nullable,
    lower(regexp_replace(replace(c.data_type, 'VARCHAR', 'character varying'), '\\(.*\\)', '')) AS data_type,
    NULL::INTEGER AS character_maximum_length, c.numeric_precision, c.numeric_precision_radix, c.numeric_scale
  FROM duckdb_columns() c JOIN rs_catalog.relations r
    ON r.schema_name = c.schema_name AND r.relation_name = c.table_name AND (r.definition ->> '$.kind') = 'view'
  WHERE c.database_name = current_database()`;

const COLUMN_ROWS = `
  SELECT current_database() AS table_catalog, schema_name AS table_schema, relation_name AS table_name, column_name,
    CAST(ordinal_position AS INTEGER) AS ordinal_position, default_text AS column_default,
    CASE WHEN is_nullable THEN 'YES' ELSE 'NO' END AS is_nullable,
    ${TYPE_WITHOUT_LENGTH} AS data_type,
    CASE WHEN type_name IN ('varchar', 'char') THEN type_length END AS character_maximum_length,
    ${NUMERIC_PRECISION} AS numeric_precision,
    CASE WHEN type_name = 'numeric' THEN 10 WHEN ${NUMERIC_PRECISION} IS NOT NULL THEN 2 END AS numeric_precision_radix,
    CASE WHEN type_name = 'numeric' THEN type_scale WHEN type_name IN ('smallint', 'integer', 'bigint') THEN 0 END
      AS numeric_scale
  FROM rs_system.column_definitions
  UNION ALL ${VIEW_COLUMNS}`;

/** Redshift's metadata views over the engine's catalog. */
export const CATALOG_VIEWS: Readonly<Record<string, string>> = {
  column_definitions: COLUMNS,
  svv_tables: `SELECT *, NULL::VARCHAR AS remarks FROM (${RELATIONS})`,
  information_schema_tables: RELATIONS,
  svv_columns: `SELECT *, NULL::VARCHAR AS remarks FROM (${COLUMN_ROWS}) ORDER BY 2, 3, 5`,
  information_schema_columns: `SELECT * FROM (${COLUMN_ROWS}) ORDER BY 2, 3, 5`,
  information_schema_schemata: `
    SELECT database_name AS catalog_name, schema_name, 'awsuser' AS schema_owner FROM duckdb_schemas()
    WHERE database_name = current_database() AND schema_name NOT IN ('main', 'rs_system', 'rs_catalog')`,
  pg_tables: `
    SELECT schema_name AS schemaname, relation_name AS tablename,
      coalesce((definition ->> '$.owner'), 'awsuser') AS tableowner, NULL::VARCHAR AS "tablespace",
      false AS hasindexes, false AS hasrules, false AS hastriggers
    FROM rs_catalog.relations WHERE (definition ->> '$.kind') = 'table'`,
  pg_table_def: `
    SELECT schema_name AS schemaname, relation_name AS tablename, column_name AS "column", ${FORMATTED_TYPE} AS "type",
      'none' AS encoding, coalesce(dist_key = column_name, false) AS distkey,
      CAST(coalesce(list_position(sort_keys, column_name), 0) AS INTEGER) AS sortkey, NOT is_nullable AS "notnull"
    FROM rs_system.column_definitions ORDER BY schema_name, relation_name, ordinal_position`,
  svv_table_info: `
    SELECT current_database() AS "database", d.schema_name AS "schema", d.table_id, d.relation_name AS "table",
      'N' AS encoded,
      CASE WHEN max(d.dist_key) IS NOT NULL THEN 'KEY(' || max(d.dist_key) || ')'
        WHEN coalesce(max(d.dist_style), 'auto') = 'auto' THEN 'AUTO(ALL)' ELSE upper(max(d.dist_style)) END AS diststyle,
      coalesce(max(d.sort_keys)[1], 'AUTO(SORTKEY)') AS sortkey1,
      coalesce(max(CASE WHEN d.type_name IN ('varchar', 'char') THEN d.type_length END), 0) AS max_varchar,
      len(coalesce(max(d.sort_keys), [])) AS sortkey_num, 1::BIGINT AS "size",
      any_value(t.estimated_size)::DECIMAL(38, 0) AS tbl_rows,
      any_value(t.estimated_size)::DECIMAL(38, 0) AS estimated_visible_rows,
      0::DECIMAL(5, 2) AS unsorted, 0::DECIMAL(5, 2) AS stats_off
    FROM rs_system.column_definitions d JOIN duckdb_tables() t
      ON t.database_name = current_database() AND t.schema_name = d.schema_name AND t.table_name = d.relation_name
    GROUP BY d.schema_name, d.table_id, d.relation_name`,
  pg_user: `
    SELECT 'awsuser' AS usename, 100 AS usesysid, true AS usecreatedb, true AS usesuper, false AS usecatupd,
      '********' AS passwd, NULL::TIMESTAMP AS valuntil, NULL::VARCHAR AS useconfig
    UNION ALL
    SELECT (definition ->> '$.name'), 100 + row_number() OVER (ORDER BY relation_name), false,
      CAST((definition ->> '$.isSuperuser') AS BOOLEAN), false, '********', NULL, NULL
    FROM rs_catalog.relations WHERE CAST((definition ->> '$.isUser') AS BOOLEAN)`,
  pg_namespace: `
    SELECT schema_name AS nspname, 100 AS nspowner FROM duckdb_schemas()
    WHERE database_name = current_database() AND schema_name NOT IN ('main', 'rs_system', 'rs_catalog')`,
  stv_db_isolation_level: `SELECT current_database() AS db_name, 'Snapshot Isolation' AS isolation_level`,
};
