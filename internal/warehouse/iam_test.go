package warehouse_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/warehouse"
)

const (
	cluster   = "sparkify.abc123.us-west-2.redshift.amazonaws.com"
	workgroup = "sparkify.123456789012.eu-central-1.redshift-serverless.amazonaws.com"
)

// aws answers as the APIs of Redshift do, and counts.
func aws(t *testing.T, answer http.HandlerFunc) *atomic.Int64 {
	t.Helper()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL_REDSHIFT", server.URL)
	t.Setenv("AWS_ENDPOINT_URL_REDSHIFT_SERVERLESS", server.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	return &asked
}

// Each new connection gets a password of its own, from the API that the host's name says.
func TestIAMCredentials(t *testing.T) {
	asked := aws(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		text := string(body)
		switch {
		case strings.Contains(
			r.Header.Get("X-Amz-Target"), "GetCredentials",
		) && strings.Contains(text, `"workgroupName":"sparkify"`) && strings.Contains(text, `"dbName":"dev"`) &&
			strings.Contains(r.Header.Get("Authorization"), "/eu-central-1/redshift-serverless/"):
			_, _ = io.WriteString(
				w,
				`{"dbUser": "IAMR:loader", "dbPassword": "by-workgroup", "expiration": 1700000000}`,
			)
		case strings.Contains(
			text, "Action=GetClusterCredentialsWithIAM",
		) && strings.Contains(text, "ClusterIdentifier=sparkify") && strings.Contains(text, "DbName=dev") &&
			strings.Contains(r.Header.Get("Authorization"), "/us-west-2/redshift/"):
			_, _ = io.WriteString(
				w,
				`<GetClusterCredentialsWithIAMResponse><GetClusterCredentialsWithIAMResult><DbUser>IAM:loader</DbUser><DbPassword>by-cluster</DbPassword></GetClusterCredentialsWithIAMResult></GetClusterCredentialsWithIAMResponse>`,
			)
		default:
			t.Errorf("got request %s %v, want one of the two", text, r.Header)
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	for host, want := range map[string][2]string{
		cluster: {"IAM:loader", "by-cluster"}, workgroup: {"IAMR:loader", "by-workgroup"},
	} {
		pc, err := warehouse.PoolConfig(warehouse.Options{DSN: config.Secret("postgres://" + host + "/dev")})
		if err != nil {
			t.Fatal(err)
		}
		if pc.BeforeConnect == nil {
			t.Fatalf("%s: got no login by IAM, want one", host)
		}
		before := asked.Load()
		for range 2 {
			cc := pc.ConnConfig.Copy()
			if err := pc.BeforeConnect(t.Context(), cc); err != nil {
				t.Fatalf("%s: %v", host, err)
			}
			if cc.User != want[0] || cc.Password != want[1] {
				t.Errorf("%s: got user %q, password %q, want %q, %q", host, cc.User, cc.Password, want[0], want[1])
			}
		}
		if got := asked.Load() - before; got != 2 {
			t.Errorf("%s: got %d requests for 2 connections, want 2", host, got)
		}
	}
}

func TestIAMIsForRedshiftWithoutPassword(t *testing.T) {
	t.Setenv("PGPASSWORD", "")
	for _, dsn := range []string{
		"postgres://u:p@" + cluster + "/dev", "postgres://127.0.0.1/dev", "postgres://tunnel.example.com:5439/dev",
	} {
		pc, err := warehouse.PoolConfig(warehouse.Options{DSN: config.Secret(dsn)})
		if err != nil {
			t.Fatal(err)
		}
		if pc.BeforeConnect != nil {
			t.Errorf("%s: got a login by IAM, want none", dsn)
		}
	}
}

func TestIAMRefusals(t *testing.T) {
	for code, want := range map[string]string{
		"AccessDenied": "redshift:GetClusterCredentialsWithIAM", "ClusterNotFound": "account", "ExpiredToken": "renew",
	} {
		aws(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprintf(
				w,
				`<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>not for `+
					`you.</Message></Error></ErrorResponse>`,
				code,
			)
		})
		_, err := warehouse.Open(t.Context(), warehouse.Options{DSN: config.Secret("postgres://" + cluster + "/dev")})
		var fault *warehouse.CredentialsError
		if !errors.As(err, &fault) || !strings.Contains(fault.Hint(), want) || !strings.Contains(
			err.Error(), "cluster sparkify in us-west-2",
		) || !strings.Contains(err.Error(), "not for you ("+code+")") {
			t.Errorf("%s: got %v with hint %q, want a *CredentialsError with %q", code, err, fault.Hint(), want)
		}
	}
}
