package dwhtest

import (
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// S3Process is an S3 server for a program that is no test, such as a benchmark.
type S3Process struct {
	gateway *gateway
	close   func() error
}

// StartS3 starts a server whose buckets live on in folder, and builds it when this machine has not
// done so yet, which takes minutes. The working folder lies in this repository.
func StartS3(folder string) (*S3Process, error) {
	f := newFixture()
	f.root = func() (string, error) { return folder, nil }
	g, err := f.startGateway()
	if err != nil {
		return nil, err
	}
	return &S3Process{gateway: g, close: f.close}, nil
}

// Env is the environment, as NAME=value, in which any AWS client uses this server.
func (p *S3Process) Env() []string {
	return (&S3Server{
		Endpoint: p.gateway.endpoint, AccessKey: gatewayAccess, SecretKey: p.gateway.secret,
		Region: gatewayRegion,
	}).Env()
}

// Client returns an S3 client with the server's credentials.
func (p *S3Process) Client() *s3.Client { return p.gateway.client }

// Close ends the server.
func (p *S3Process) Close() error { return p.close() }
