// One connection of mysql2, driven by lines of JSON: {"sql": ..., "parameters": [...] or null} in, rows or an error out.
// With parameters the statement is prepared on the server (`execute`), without them it goes as text (`query`).
"use strict";

const fs = require("fs");
const mysql = require("mysql2/promise");
const readline = require("readline");

function plain(value) {
  return value === null || value === undefined ? null : String(value);
}

async function answer(connection, request) {
  try {
    const [result, fields] = request.parameters
      ? await connection.execute(request.sql, request.parameters)
      : await connection.query(request.sql);
    if (!fields) return { rows: [], affected: result.affectedRows };
    return { columns: fields.map((field) => field.name), rows: result.map((row) => row.map(plain)) };
  } catch (error) {
    return { errno: error.errno, sqlstate: error.sqlState, message: error.sqlMessage };
  }
}

async function main() {
  const [host, port, user, database, ca] = process.argv.slice(2);
  const connection = await mysql.createConnection({
    host,
    port: Number(port),
    user,
    database: database || undefined,
    ssl: ca ? { ca: fs.readFileSync(ca) } : undefined,
    rowsAsArray: true,
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
  });
  console.log(JSON.stringify({ connected: true }));
  for await (const line of readline.createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await answer(connection, JSON.parse(line))));
  }
  await connection.end();
}

main().catch((error) => {
  console.log(JSON.stringify({ errno: error.errno ?? 0, sqlstate: error.sqlState ?? "", message: String(error.message) }));
  process.exit(1);
});
