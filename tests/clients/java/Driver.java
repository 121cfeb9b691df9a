// One connection of MariaDB Connector/J, driven by lines of JSON: {"sql": ..., "parameters": [...] or null} in, rows or
// an error out. With parameters the statement is prepared on the server (useServerPrepStmts), without them it goes as
// text. {"metadata": name, "parameters": [...]} asks DatabaseMetaData instead, as tools that draw schemas do.

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.io.PrintStream;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;

public final class Driver {
    private static final Gson GSON = new Gson().newBuilder().serializeNulls().create();

    private static Map<String, Object> table(ResultSet found) throws SQLException {
        ResultSetMetaData shape = found.getMetaData();
        List<String> columns = new ArrayList<>();
        for (int i = 1; i <= shape.getColumnCount(); i++) {
            columns.add(shape.getColumnLabel(i));
        }
        List<List<String>> rows = new ArrayList<>();
        while (found.next()) {
            List<String> row = new ArrayList<>();
            for (int i = 1; i <= columns.size(); i++) {
                row.add(found.getString(i));
            }
            rows.add(row);
        }
        return Map.of("columns", columns, "rows", rows);
    }

    private static Map<String, Object> text(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return statement.execute(sql) ? table(statement.getResultSet()) : Map.of("rows", List.of());
        }
    }

    private static Map<String, Object> prepared(Connection connection, JsonObject asked) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(asked.get("sql").getAsString())) {
            int place = 0;
            for (JsonElement parameter : asked.getAsJsonArray("parameters")) {
                place++;
                if (parameter instanceof JsonNull) {
                    statement.setString(place, null);
                } else if (parameter instanceof JsonPrimitive value && value.isNumber()) {
                    statement.setLong(place, value.getAsLong());
                } else {
                    statement.setString(place, parameter.getAsString());
                }
            }
            return statement.execute() ? table(statement.getResultSet()) : Map.of("rows", List.of());
        }
    }

    private static Map<String, Object> metadata(Connection connection, JsonObject asked) throws SQLException {
        DatabaseMetaData about = connection.getMetaData();
        String[] names = GSON.fromJson(asked.get("parameters"), String[].class);
        try (ResultSet found = switch (asked.get("metadata").getAsString()) {
            case "getCatalogs" -> about.getCatalogs();
            case "getSchemas" -> about.getSchemas();
            case "getTableTypes" -> about.getTableTypes();
            case "getTypeInfo" -> about.getTypeInfo();
            case "getTables" -> about.getTables(names[0], null, names[1], null);
            case "getColumns" -> about.getColumns(names[0], null, names[1], names[2]);
            case "getPrimaryKeys" -> about.getPrimaryKeys(names[0], null, names[1]);
            case "getImportedKeys" -> about.getImportedKeys(names[0], null, names[1]);
            case "getExportedKeys" -> about.getExportedKeys(names[0], null, names[1]);
            case "getIndexInfo" -> about.getIndexInfo(names[0], null, names[1], false, false);
            case "getBestRowIdentifier" -> about.getBestRowIdentifier(names[0], null, names[1], 0, true);
            case "getTablePrivileges" -> about.getTablePrivileges(names[0], null, names[1]);
            case "getProcedures" -> about.getProcedures(names[0], null, names[1]);
            case "getProcedureColumns" -> about.getProcedureColumns(names[0], null, names[1], names[2]);
            case "getFunctions" -> about.getFunctions(names[0], null, names[1]);
            case "getFunctionColumns" -> about.getFunctionColumns(names[0], null, names[1], names[2]);
            default -> throw new IllegalArgumentException("unknown: " + asked);
        }) {
            return table(found);
        }
    }

    private static Map<String, Object> refusal(SQLException refused) {
        // The driver writes "(conn=-5) ", and at a login the address, before what the server said.
        String message = String.valueOf(refused.getMessage()).replaceFirst("^(Could not connect to .* : )?\\(conn=-?\\d+\\) ", "");
        return Map.of("errno", refused.getErrorCode(), "sqlstate", String.valueOf(refused.getSQLState()),
            "message", message);
    }

    private static Map<String, Object> answer(Connection connection, JsonObject asked) {
        try {
            if (asked.has("metadata")) {
                return metadata(connection, asked);
            }
            return asked.get("parameters") instanceof JsonNull
                ? text(connection, asked.get("sql").getAsString())
                : prepared(connection, asked);
        } catch (SQLException refused) {
            return refusal(refused);
        }
    }

    public static void main(String[] options) throws Exception {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        Properties properties = new Properties();
        properties.setProperty("user", options[2]);
        properties.setProperty("useServerPrepStmts", "true");
        if (!options[4].isEmpty()) {
            properties.setProperty("useSsl", "true");
            properties.setProperty("serverSslCert", options[4]);
        }
        String address = "jdbc:mariadb://" + options[0] + ":" + options[1] + "/" + options[3] + "?" + options[5];
        try (Connection connection = DriverManager.getConnection(address, properties)) {
            out.println(GSON.toJson(Map.of("connected", true)));
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                out.println(GSON.toJson(answer(connection, JsonParser.parseString(line).getAsJsonObject())));
            }
        } catch (SQLException refused) {
            out.println(GSON.toJson(refusal(refused)));
            System.exit(1);
        }
    }
}
