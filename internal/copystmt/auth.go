package copystmt

import (
	"fmt"
	"io"
	"log/slog"
)

// AuthKind is the way in which a statement authorizes the load (dg/copy-parameters-authorization).
type AuthKind string

// The ways.
const (
	NoAuth      AuthKind = ""              // no authorization clause is written
	IAMRole     AuthKind = "IAM_ROLE"      // IAM_ROLE, with an ARN or default
	Credentials AuthKind = "CREDENTIALS"   // CREDENTIALS, with its string of arguments
	AccessKey   AuthKind = "ACCESS_KEY_ID" // ACCESS_KEY_ID, with its SECRET_ACCESS_KEY
)

// Auth is an authorization clause. It prints without its secrets, in every format.
type Auth struct {
	Kind    AuthKind // which clause it is; NoAuth for none
	Default bool     // the clause is IAM_ROLE default
	Role    string   // IAM_ROLE's ARN, or ARNs with commas between them; no secret

	hasToken                        bool
	credentials, key, secret, token string
}

// String returns the clause as SQL, with 'xxxxx' for secrets and "" when there is none.
func (a Auth) String() string { return a.sql(redacted) }

// Format writes String whatever the verb, so that no verb shows a secret.
func (a Auth) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, a.String()) }

// GoString returns String.
func (a Auth) GoString() string { return a.String() }

// MarshalText returns String.
func (a Auth) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// LogValue returns String.
func (a Auth) LogValue() slog.Value { return slog.StringValue(a.String()) }
