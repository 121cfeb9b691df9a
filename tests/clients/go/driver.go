// One connection of go-sql-driver, driven by lines of JSON: {"sql": ..., "parameters": [...] or null} in, rows or an
// error out. With parameters the statement is prepared on the server, without them it goes as text. parseTime is on, so
// a DATETIME or TIMESTAMP arrives as time.Time; "kinds" tells the Go types of the first row.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/go-sql-driver/mysql"
)

type request struct {
	SQL        string        `json:"sql"`
	Parameters []interface{} `json:"parameters"`
}

type answer map[string]interface{}

func refusal(err error) answer {
	var told *mysql.MySQLError
	if errors.As(err, &told) {
		// Before 1.7 the driver drops the SQLSTATE.
		return answer{"errno": told.Number, "sqlstate": "", "message": told.Message}
	}
	return answer{"errno": 0, "sqlstate": "", "message": err.Error()}
}

func text(value interface{}) interface{} {
	switch v := value.(type) {
	case nil:
		return nil
	case []byte:
		return string(v)
	case time.Time:
		return v.Format("2006-01-02 15:04:05.000000")
	}
	return fmt.Sprint(value)
}

func number(value interface{}) interface{} {
	if digits, ok := value.(json.Number); ok {
		if whole, err := digits.Int64(); err == nil {
			return whole
		}
	}
	return value
}

func ask(connection *sql.Conn, asked request) answer {
	arguments := make([]interface{}, len(asked.Parameters))
	for i, parameter := range asked.Parameters {
		arguments[i] = number(parameter)
	}
	found, err := connection.QueryContext(context.Background(), asked.SQL, arguments...)
	if err != nil {
		return refusal(err)
	}
	defer found.Close()
	columns, err := found.Columns()
	if err != nil {
		return refusal(err)
	}
	rows, kinds := [][]interface{}{}, []string{}
	for found.Next() {
		row, places := make([]interface{}, len(columns)), make([]interface{}, len(columns))
		for i := range row {
			places[i] = &row[i]
		}
		if err := found.Scan(places...); err != nil {
			return refusal(err)
		}
		for i, value := range row {
			if len(rows) == 0 {
				kinds = append(kinds, fmt.Sprintf("%T", value))
			}
			row[i] = text(value)
		}
		rows = append(rows, row)
	}
	if err := found.Err(); err != nil {
		return refusal(err)
	}
	return answer{"columns": columns, "rows": rows, "kinds": kinds}
}

func trust(config *mysql.Config, caFile string) error {
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	config.TLSConfig = "own"
	return mysql.RegisterTLSConfig("own", &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"})
}

func connect(host, port, user, database, caFile, options string) (*sql.Conn, error) {
	config := mysql.NewConfig()
	config.Net, config.Addr = "tcp", host+":"+port
	config.User, config.DBName = user, database
	config.ParseTime = true
	if caFile != "" {
		if err := trust(config, caFile); err != nil {
			return nil, err
		}
	}
	address := config.FormatDSN()
	if options != "" {
		address += "&" + options // parseTime stands behind the ? already
	}
	pool, err := sql.Open("mysql", address)
	if err != nil {
		return nil, err
	}
	return pool.Conn(context.Background())
}

func main() {
	out := json.NewEncoder(os.Stdout)
	connection, err := connect(os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5], os.Args[6])
	if err != nil {
		out.Encode(refusal(err))
		os.Exit(1)
	}
	out.Encode(answer{"connected": true})
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	in.UseNumber()
	for {
		var asked request
		if in.Decode(&asked) != nil {
			break
		}
		out.Encode(ask(connection, asked))
	}
	connection.Close()
}
