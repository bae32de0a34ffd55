// The JDBC driver. Prints the name of each thing it has done; exits with an error at the first that
// fails. Its argument is the address, its standard input the password.

import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.Objects;
import java.util.UUID;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

class Conversation {
    interface Work {
        void run(Connection connection) throws Exception;
    }

    static void part(String name, Connection connection, Work work) throws Exception {
        work.run(connection);
        if (!connection.getAutoCommit()) {
            connection.rollback();
            connection.setAutoCommit(true);
        }
        System.out.println(name);
    }

    static void equal(Object found, Object expected) {
        if (!Objects.deepEquals(found, expected)) {
            throw new AssertionError(found + " is not " + expected);
        }
    }

    static Object one(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            result.next();
            return result.getObject(1);
        }
    }

    static void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    static void values(Connection connection) throws Exception {
        Object[][] values = {
            {"bool", true},
            {"int8", Long.MIN_VALUE},
            {"numeric", new BigDecimal("12345678901234567890.123456789")},
            {"float8", 0.1},
            {"text", "héllo ☃ ' \\ ?"},
            {"bytea", new byte[] {0, 1, -2, -1}},
            {"uuid", new UUID(1, 2)},
            {"date", LocalDate.of(2024, 2, 29)},
            {"timestamptz", OffsetDateTime.parse("2024-02-29T12:34:56.000789Z")},
            {"text", null},
        };
        for (Object[] pair : values) {
            try (PreparedStatement statement = connection.prepareStatement("SELECT ?::" + pair[0])) {
                statement.setObject(1, pair[1]);
                ResultSet result = statement.executeQuery();
                result.next();
                Object found =
                        pair[1] instanceof LocalDate || pair[1] instanceof OffsetDateTime
                                ? result.getObject(1, pair[1].getClass())
                                : result.getObject(1);
                equal(found, pair[1]);
            }
        }
        Object array = one(connection, "SELECT ARRAY[1, NULL, 3]");
        equal(((java.sql.Array) array).getArray(), new Integer[] {1, null, 3});
    }

    // The driver names a statement on the server from its fifth use on, and then gets binary results.
    static void prepared(Connection connection) throws Exception {
        try (PreparedStatement statement = connection.prepareStatement("SELECT ?::int * 2")) {
            for (int n = 0; n < 10; n++) {
                statement.setInt(1, n);
                ResultSet result = statement.executeQuery();
                result.next();
                equal(result.getInt(1), n * 2);
            }
        }
        equal(one(connection, "SELECT count(*) FROM pg_prepared_statements"), 1L);
    }

    static void transactions(Connection connection) throws Exception {
        run(connection, "CREATE TEMP TABLE t (a int)");
        connection.setAutoCommit(false);
        run(connection, "INSERT INTO t VALUES (1)");
        Savepoint savepoint = connection.setSavepoint();
        run(connection, "INSERT INTO t VALUES (2)");
        connection.rollback(savepoint);
        connection.commit();
        run(connection, "INSERT INTO t VALUES (3)");
        connection.rollback();
        equal(one(connection, "SELECT array_agg(a)::text FROM t"), "{1}");
    }

    static void errors(Connection connection) throws Exception {
        try {
            run(connection, "SELECT 1/0");
            throw new AssertionError("no error");
        } catch (SQLException error) {
            equal(error.getSQLState(), "22012");
        }
        equal(one(connection, "SELECT 1"), 1);
    }

    static void batches(Connection connection) throws Exception {
        run(connection, "CREATE TEMP TABLE b (a int PRIMARY KEY)");
        try (PreparedStatement statement = connection.prepareStatement("INSERT INTO b VALUES (?)")) {
            for (int n = 0; n < 1000; n++) {
                statement.setInt(1, n);
                statement.addBatch();
            }
            equal(Arrays.stream(statement.executeBatch()).sum(), 1000);
            statement.setInt(1, 7);
            statement.addBatch();
            try {
                statement.executeBatch();
                throw new AssertionError("no error");
            } catch (BatchUpdateException error) {
                equal(error.getSQLState(), "23505");
            }
        }
    }

    static void cursors(Connection connection) throws Exception {
        connection.setAutoCommit(false); // only then does the driver fetch by portions
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(100);
            ResultSet result =
                    statement.executeQuery("SELECT repeat('x', 2000) FROM generate_series(1, 5000)");
            int size = 0;
            while (result.next()) size += result.getString(1).length();
            equal(size, 10_000_000);
        }
    }

    static void copy(Connection connection) throws Exception {
        run(connection, "CREATE TEMP TABLE c (a int, b text)");
        StringBuilder lines = new StringBuilder();
        for (int n = 0; n < 1000; n++) lines.append(n).append("\trow ").append(n).append("\n");
        CopyManager manager = connection.unwrap(PGConnection.class).getCopyAPI();
        equal(manager.copyIn("COPY c FROM STDIN", new StringReader(lines.toString())), 1000L);
        StringWriter output = new StringWriter();
        manager.copyOut("COPY c TO STDOUT", output);
        equal(output.toString(), lines.toString());
    }

    static void notifications(Connection connection) throws Exception {
        run(connection, "LISTEN news");
        run(connection, "NOTIFY news, 'payload'");
        var heard = connection.unwrap(PGConnection.class).getNotifications(5000);
        equal(heard[0].getParameter(), "payload");
    }

    static void cancelling(Connection connection) throws Exception {
        try (Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(1); // the driver sends a CancelRequest
            statement.execute("SELECT pg_sleep(60)");
            throw new AssertionError("not cancelled");
        } catch (SQLException error) {
            equal(error.getSQLState(), "57014");
        }
    }

    static void metadata(Connection connection) throws Exception {
        run(connection, "CREATE TABLE m (a int PRIMARY KEY, b text NOT NULL)");
        try (ResultSet columns = connection.getMetaData().getColumns(null, "public", "m", null)) {
            columns.next();
            equal(columns.getString("COLUMN_NAME"), "a");
            columns.next();
            equal(columns.getString("TYPE_NAME"), "text");
        }
        try (ResultSet keys = connection.getMetaData().getPrimaryKeys(null, "public", "m")) {
            keys.next();
            equal(keys.getString("COLUMN_NAME"), "a");
        }
    }

    public static void main(String[] arguments) throws Exception {
        String password = new String(System.in.readAllBytes(), "UTF-8");
        try (Connection connection = DriverManager.getConnection(arguments[0], "postgres", password)) {
            part("values round trip", connection, Conversation::values);
            part("prepared statements", connection, Conversation::prepared);
            part("transactions", connection, Conversation::transactions);
            part("errors", connection, Conversation::errors);
            part("batches", connection, Conversation::batches);
            part("large results by portions", connection, Conversation::cursors);
            part("copy both ways", connection, Conversation::copy);
            part("notifications", connection, Conversation::notifications);
            part("cancelling", connection, Conversation::cancelling);
            part("metadata", connection, Conversation::metadata);
        }
    }
}
