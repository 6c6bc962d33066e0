package warehouse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/redshiftserverless"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	"github.com/jackc/pgx/v5"
)

// credentialTime bounds the request for a password.
const credentialTime = 30 * time.Second

// endpoint is what the name of a Redshift host says (mgmt/connecting-from-psql,
// mgmt/serverless-connecting).
type endpoint struct {
	name       string // of the cluster or workgroup
	region     string
	serverless bool
}

var (
	clusterHost   = regexp.MustCompile(`^([a-z0-9-]+)\.[a-z0-9]+\.([a-z0-9-]+)\.redshift\.amazonaws\.com(?:\.cn)?$`)
	workgroupHost = regexp.MustCompile(
		`^([a-z0-9-]+)\.[0-9]{12}\.([a-z0-9-]+)\.redshift-serverless\.amazonaws\.com(?:\.cn)?$`,
	)
)

// parseEndpoint reads cluster.xxxx.region.redshift.amazonaws.com and
// workgroup.account.region.redshift-serverless.amazonaws.com.
func parseEndpoint(host string) (endpoint, bool) {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if m := workgroupHost.FindStringSubmatch(host); m != nil {
		return endpoint{name: m[1], region: m[2], serverless: true}, true
	}
	if m := clusterHost.FindStringSubmatch(host); m != nil {
		return endpoint{name: m[1], region: m[2]}, true
	}
	return endpoint{}, false
}

// A CredentialsError says that IAM gave no password for a Redshift cluster or workgroup.
type CredentialsError struct {
	Target string // "cluster sparkify in us-west-2"
	Reason string // in a few words
	Advice string // what to do next, "" when unknown
	Err    error
}

func (e *CredentialsError) Error() string {
	return fmt.Sprintf("no password for the %s by IAM: %s", e.Target, e.Reason)
}

// Unwrap returns the SDK's error.
func (e *CredentialsError) Unwrap() error { return e.Err }

// Hint says what to do next.
func (e *CredentialsError) Hint() string { return e.Advice }

// iamLogin returns what fills user and password into the configuration of each new connection, nil
// where the connection string has a password, or its host is no name that says which cluster or
// workgroup it is.
//
// A password by IAM is valid for minutes and the session that it opened goes on, so that it is
// fetched for every connection: an earlier one may have expired.
func iamLogin(cc *pgx.ConnConfig) func(context.Context, *pgx.ConnConfig) error {
	target, ok := parseEndpoint(cc.Host)
	if !ok || cc.Password != "" {
		return nil
	}
	return func(ctx context.Context, cc *pgx.ConnConfig) error {
		ctx, cancel := context.WithTimeout(ctx, credentialTime)
		defer cancel()
		user, password, err := target.credentials(ctx, cc.Database)
		if err != nil {
			return target.explain(err)
		}
		cc.User, cc.Password = user, password
		return nil
	}
}

func (e endpoint) String() string {
	if e.serverless {
		return fmt.Sprintf("workgroup %s in %s", e.name, e.region)
	}
	return fmt.Sprintf("cluster %s in %s", e.name, e.region)
}

// action is what the caller's policy has to allow.
func (e endpoint) action() string {
	if e.serverless {
		return "redshift-serverless:GetCredentials"
	}
	return "redshift:GetClusterCredentialsWithIAM"
}

// credentials asks AWS with the SDK's chain: environment, profile, SSO, web identity, container,
// instance.
func (e endpoint) credentials(ctx context.Context, database string) (user, password string, err error) {
	cfg, err := awsconfig.LoadDefaultConfig(ctx,
		awsconfig.WithRegion(e.region),
		// The SDK would write its warnings to stderr by itself.
		awsconfig.WithLogger(logging.Nop{}))
	if err != nil {
		return "", "", err
	}
	if e.serverless {
		in := &redshiftserverless.GetCredentialsInput{WorkgroupName: aws.String(e.name)}
		if database != "" {
			in.DbName = aws.String(database)
		}
		out, err := redshiftserverless.NewFromConfig(cfg).GetCredentials(ctx, in)
		if err != nil {
			return "", "", err
		}
		return aws.ToString(out.DbUser), aws.ToString(out.DbPassword), nil
	}
	in := &redshift.GetClusterCredentialsWithIAMInput{ClusterIdentifier: aws.String(e.name)}
	if database != "" {
		in.DbName = aws.String(database)
	}
	out, err := redshift.NewFromConfig(cfg).GetClusterCredentialsWithIAM(ctx, in)
	if err != nil {
		return "", "", err
	}
	return aws.ToString(out.DbUser), aws.ToString(out.DbPassword), nil
}

func (e endpoint) explain(err error) error {
	fault := &CredentialsError{Target: e.String(), Err: err}
	var api smithy.APIError
	if !errors.As(err, &api) {
		cause := err
		for next := errors.Unwrap(cause); next != nil; next = errors.Unwrap(cause) {
			cause = next
		}
		fault.Reason = cause.Error()
		fault.Advice = "set AWS credentials (AWS_PROFILE, AWS_ACCESS_KEY_ID, or the machine's role), or put a " +
			"password into PGPASSWORD, PGPASSFILE or the database URL"
		if os.Getenv("AWS_EC2_METADATA_DISABLED") == "" && strings.Contains(cause.Error(), "169.254.169.254") {
			fault.Reason = "no AWS credentials were found"
		}
		return fault
	}
	fault.Reason = fmt.Sprintf("%s (%s)", strings.TrimSuffix(api.ErrorMessage(), "."), api.ErrorCode())
	switch api.ErrorCode() {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation":
		fault.Advice = "the policy of your role or user has to allow " + e.action() + " on this " +
			strings.Fields(e.String())[0]
	case "ClusterNotFound", "ClusterNotFoundFault", "ResourceNotFoundException":
		fault.Advice = "check the host's name, and that the credentials are of the account that it is in"
	case "InvalidClientTokenId", "UnrecognizedClientException", "ExpiredToken",
		"ExpiredTokenException", "SignatureDoesNotMatch", "InvalidSignatureException":
		fault.Advice = "the AWS credentials have expired: renew them"
	default:
		fault.Advice = "put a password into PGPASSWORD, PGPASSFILE or the database URL, or see " +
			"what IAM says of " + e.action()
	}
	return fault
}
